// The call with nothing but the JDK: GET /TOKEN?XML=..., the field posted, or the document as the body.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsServer;
import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

public class Server {
    static final Map<String, String> ERRORS = Map.of(
        "004", "Source IP address blocked",
        "007", "Command not allowed",
        "008", "Connect API established",
        "009", "HTTP protocol not allowed, require HTTPS",
        "999", "Unknown error");
    static final Map<Integer, String> TYPES = new TreeMap<>(Map.of(
        0, "HTTP GET", 1, "HTTP POST", 2, "XML POST", 3, "XML GET", 5, "SOAP GET", 6, "SOAP POST"));
    static final String TOKEN = System.getenv("TOKEN");

    public static void main(String[] words) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(new FileInputStream(System.getenv("DIR") + "/keys.p12"), "connect".toCharArray());
        KeyManagerFactory managers = KeyManagerFactory.getInstance("SunX509");
        managers.init(keys, "connect".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);

        HttpsServer secure = HttpsServer.create(address("HTTPS_PORT"), 0);
        secure.setHttpsConfigurator(new HttpsConfigurator(context));
        for (HttpServer server : new HttpServer[] {secure, HttpServer.create(address("HTTP_PORT"), 0)}) {
            server.setExecutor(Executors.newFixedThreadPool(8));
            server.createContext("/", Server::serve);
            server.start();
        }
    }

    static InetSocketAddress address(String name) {
        return new InetSocketAddress("127.0.0.1", Integer.parseInt(System.getenv(name)));
    }

    static void serve(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readNBytes(1 << 20);
        if (!(exchange instanceof HttpsExchange)) {
            answer(exchange, 200, "009");
            return;
        }
        String path = exchange.getRequestURI().getPath().substring(1).replaceFirst("/get_list_callback$", "");
        String state = exchange.getRequestHeaders().getFirst("X-Test-State");
        if (!MessageDigest.isEqual(path.getBytes(StandardCharsets.UTF_8), TOKEN.getBytes(StandardCharsets.UTF_8))) {
            answer(exchange, 404, "999");
        } else if (state != null && ERRORS.containsKey(state)) {
            answer(exchange, 200, state);
        } else {
            answer(exchange, 200, asksForTheList(document(exchange, body)) ? null : "999");
        }
    }

    /** The document as bytes, wherever it travels; the field XML wins. */
    static byte[] document(HttpExchange exchange, byte[] body) {
        String query = exchange.getRequestURI().getRawQuery();
        String type = exchange.getRequestHeaders().getFirst("Content-Type");
        boolean form = type != null && type.startsWith("application/x-www-form-urlencoded");
        String posted = form ? new String(body, StandardCharsets.US_ASCII) : "";
        for (String fields : new String[] {query == null ? "" : query, posted}) {
            for (String field : fields.split("&")) {
                if (field.startsWith("XML=")) {
                    try {
                        String decoded = URLDecoder.decode(field.substring(4), StandardCharsets.UTF_8);
                        return decoded.getBytes(StandardCharsets.UTF_8);
                    } catch (IllegalArgumentException broken) {
                        return new byte[0];
                    }
                }
            }
        }
        return body;
    }

    static boolean asksForTheList(byte[] document) {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setCoalescing(true);
            factory.setIgnoringComments(true);
            DocumentBuilder builder = factory.newDocumentBuilder();
            builder.setErrorHandler(null);
            Element root = builder.parse(new ByteArrayInputStream(document)).getDocumentElement();
            Node action = root.getElementsByTagName("action").item(0);
            return root.getTagName().equals("clickatellsdk")
                && root.getElementsByTagName("*").getLength() == 1
                && action != null
                && !root.hasAttributes()
                && !action.hasAttributes()
                && root.getTextContent().strip().equals(action.getTextContent())
                && action.getTextContent().equals("get_list_callback");
        } catch (Exception refused) {
            return false;
        }
    }

    static void answer(HttpExchange exchange, int status, String error) throws IOException {
        StringBuilder xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ClICKATELLSDK>\n");
        xml.append("  <Action>get_list_callback</Action>\n");
        if (error == null) {
            xml.append("  <Result>Success</Result>\n  <Values>\n");
            TYPES.forEach((id, type) -> xml.append("    <Value>\n      <callback_type_id>").append(id)
                .append("</callback_type_id>\n      <callback_type>").append(type)
                .append("</callback_type>\n    </Value>\n"));
            xml.append("  </Values>\n");
        } else {
            xml.append("  <Result>Error</Result>\n  <Error>").append(error).append("</Error>\n  <Description>")
                .append(ERRORS.get(error)).append("</Description>\n");
        }
        xml.append("  <Timestamp>").append(Instant.now().getEpochSecond()).append("</Timestamp>\n</ClICKATELLSDK>\n");
        byte[] bytes = xml.toString().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/xml;charset=UTF-8");
        exchange.sendResponseHeaders(status, exchange.getRequestMethod().equals("HEAD") ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }
}
