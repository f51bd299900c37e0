// The call as a servlet in an embedded Tomcat: the field XML, in the URL or posted.
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.StringReader;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.SAXParserFactory;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;
import org.apache.coyote.http2.Http2Protocol;
import org.apache.tomcat.util.net.SSLHostConfig;
import org.apache.tomcat.util.net.SSLHostConfigCertificate;
import org.xml.sax.Attributes;
import org.xml.sax.InputSource;
import org.xml.sax.helpers.DefaultHandler;

public class Server extends HttpServlet {
    static final Map<String, String> ERRORS = Map.of(
        "004", "Source IP address blocked",
        "007", "Command not allowed",
        "008", "Connect API established",
        "009", "HTTP protocol not allowed, require HTTPS",
        "999", "Unknown error");
    static final String[][] TYPES = {
        {"0", "HTTP GET"}, {"1", "HTTP POST"}, {"2", "XML POST"},
        {"3", "XML GET"}, {"5", "SOAP GET"}, {"6", "SOAP POST"}};
    static final List<String> CALL = List.of("<clickatellsdk", "<action", "get_list_callback", ">", ">");

    public static void main(String[] words) throws Exception {
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(System.getenv("DIR") + "/run");
        tomcat.setConnector(connector("HTTP_PORT"));
        Connector secure = connector("HTTPS_PORT");
        secure.setSecure(true);
        secure.setScheme("https");
        secure.setProperty("SSLEnabled", "true");
        SSLHostConfig host = new SSLHostConfig();
        SSLHostConfigCertificate certificate =
            new SSLHostConfigCertificate(host, SSLHostConfigCertificate.Type.UNDEFINED);
        certificate.setCertificateFile(System.getenv("CERT"));
        certificate.setCertificateKeyFile(System.getenv("KEY"));
        host.addCertificate(certificate);
        secure.addSslHostConfig(host);
        secure.addUpgradeProtocol(new Http2Protocol());
        tomcat.getService().addConnector(secure);
        Tomcat.addServlet(tomcat.addContext("", null), "call", new Server()).addMapping("/*");
        tomcat.start();
        tomcat.getServer().await();
    }

    static Connector connector(String port) {
        Connector connector = new Connector();
        connector.setProperty("address", "127.0.0.1");
        connector.setPort(Integer.parseInt(System.getenv(port)));
        return connector;
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String path = request.getPathInfo().replaceFirst("/get_list_callback$", "");
        boolean blocked = path.startsWith("/blocked/");
        String token = path.substring(blocked ? "/blocked/".length() : 1);
        String state = blocked ? "004" : request.getHeader("X-Test-State");
        if (!request.isSecure()) {
            answer(response, 403, "009");
        } else if (!MessageDigest.isEqual(token.getBytes("UTF-8"), System.getenv("TOKEN").getBytes("UTF-8"))) {
            answer(response, 403, "999");
        } else if (state != null && ERRORS.containsKey(state)) {
            answer(response, 200, state);
        } else {
            answer(response, 200, asksForTheList(request.getParameter("XML")) ? null : "999");
        }
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
        request.setCharacterEncoding("UTF-8");
        doGet(request, response);
    }

    /** Tags with the names of their attributes, and text that is no white space. */
    static class Parts extends DefaultHandler {
        final List<String> found = new ArrayList<>();
        private final StringBuilder text = new StringBuilder();

        private void tag(String part) {
            if (!text.toString().isBlank()) {
                found.add(text.toString());
            }
            text.setLength(0);
            found.add(part);
        }

        @Override
        public void startElement(String uri, String local, String name, Attributes attributes) {
            StringBuilder names = new StringBuilder("<" + name);
            for (int i = 0; i < attributes.getLength(); i++) {
                names.append(' ').append(attributes.getQName(i));
            }
            tag(names.toString());
        }

        @Override
        public void endElement(String uri, String local, String name) {
            tag(">");
        }

        @Override
        public void characters(char[] characters, int start, int length) {
            text.append(characters, start, length);
        }
    }

    static boolean asksForTheList(String document) {
        if (document == null) {
            return false;
        }
        try {
            SAXParserFactory factory = SAXParserFactory.newInstance();
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            Parts parts = new Parts();
            factory.newSAXParser().parse(new InputSource(new StringReader(document)), parts);
            return parts.found.equals(CALL);
        } catch (Exception refused) {
            return false;
        }
    }

    static void answer(HttpServletResponse response, int status, String error) throws IOException {
        response.setStatus(status);
        response.setContentType("text/xml;charset=UTF-8");
        response.setHeader("Cache-Control", "no-store");
        try {
            XMLOutputFactory factory = XMLOutputFactory.newInstance();
            XMLStreamWriter xml = factory.createXMLStreamWriter(response.getOutputStream(), "UTF-8");
            xml.writeStartDocument("UTF-8", "1.0");
            xml.writeStartElement("ClICKATELLSDK");
            leaf(xml, "Action", "get_list_callback");
            leaf(xml, "Result", error == null ? "Success" : "Error");
            if (error == null) {
                xml.writeStartElement("Values");
                for (String[] type : TYPES) {
                    xml.writeStartElement("Value");
                    leaf(xml, "callback_type_id", type[0]);
                    leaf(xml, "callback_type", type[1]);
                    xml.writeEndElement();
                }
                xml.writeEndElement();
            } else {
                leaf(xml, "Error", error);
                leaf(xml, "Description", ERRORS.get(error));
            }
            leaf(xml, "Timestamp", Long.toString(System.currentTimeMillis() / 1000));
            xml.writeEndDocument();
            xml.flush();
        } catch (XMLStreamException broken) {
            throw new IOException(broken);
        }
    }

    static void leaf(XMLStreamWriter xml, String name, String text) throws XMLStreamException {
        xml.writeStartElement(name);
        xml.writeCharacters(text);
        xml.writeEndElement();
    }
}
