# The call with WEBrick: GET /TOKEN?XML=..., or the same field posted.
require 'openssl'
require 'rexml/document'
require 'webrick'
require 'webrick/https'

ERRORS = {
  '004' => 'Source IP address blocked',
  '007' => 'Command not allowed',
  '008' => 'Connect API established',
  '009' => 'HTTP protocol not allowed, require HTTPS',
  '999' => 'Unknown error'
}.freeze
TYPES = { 0 => 'HTTP GET', 1 => 'HTTP POST', 2 => 'XML POST', 3 => 'XML GET', 5 => 'SOAP GET', 6 => 'SOAP POST' }.freeze

def envelope(error)
  document = REXML::Document.new
  document << REXML::XMLDecl.new('1.0', 'UTF-8')
  root = document.add_element('ClICKATELLSDK')
  root.add_element('Action').text = 'get_list_callback'
  root.add_element('Result').text = error ? 'Error' : 'Success'
  if error
    root.add_element('Error').text = error
    root.add_element('Description').text = ERRORS[error]
  else
    values = root.add_element('Values')
    TYPES.each do |id, type|
      value = values.add_element('Value')
      value.add_element('callback_type_id').text = id.to_s
      value.add_element('callback_type').text = type
    end
  end
  root.add_element('Timestamp').text = Time.now.to_i.to_s
  document.to_s
end

def asks_for_the_list?(xml)
  document = REXML::Document.new(xml)
  root = document.root
  return false if root.nil? || document.doctype || REXML::XPath.match(document, '//@*').any?

  elements = REXML::XPath.match(document, '//*')
  elements.map(&:expanded_name) == %w[clickatellsdk action] && root.texts.all? { |text| text.value.strip.empty? } &&
    elements.last.texts.map(&:value).join == 'get_list_callback'
rescue REXML::ParseException, REXML::UndefinedNamespaceException, ArgumentError, RuntimeError
  false
end

class Call < WEBrick::HTTPServlet::AbstractServlet
  def do_GET(request, response)
    response['Content-Type'] = 'text/xml; charset=UTF-8'
    error = refusal(request)
    response.status = 404 if error == 404
    response.body = error == 404 ? '' : envelope(error)
  end
  alias do_POST do_GET

  def refusal(request)
    return '009' unless request.ssl?

    token, call, *rest = request.path.delete_prefix('/').split('/')
    return 404 unless OpenSSL.secure_compare(token.to_s, ENV.fetch('TOKEN'))
    return 404 unless rest.empty? && [nil, 'get_list_callback'].include?(call)

    state = request['X-Test-State']
    return state if ERRORS.key?(state)

    xml = request.query['XML'].to_s.dup.force_encoding('UTF-8')
    '999' unless xml.valid_encoding? && asks_for_the_list?(xml)
  end
end

# WEBrick knows from its own configuration whether a request came by TLS, never from the URL that the request names.
class WEBrick::HTTPRequest
  def ssl? = !@config[:SSLEnable].nil? && @config[:SSLEnable]
end

common = { BindAddress: '127.0.0.1', Logger: WEBrick::Log.new($stderr, WEBrick::Log::WARN), AccessLog: [] }
certificates = OpenSSL::X509::Certificate.load_file(ENV.fetch('CERT'))
tls = {
  SSLEnable: true,
  SSLCertificate: certificates.first,
  SSLExtraChainCert: certificates.drop(1),
  SSLPrivateKey: OpenSSL::PKey.read(File.read(ENV.fetch('KEY')))
}
servers = [
  WEBrick::HTTPServer.new(**common, Port: ENV.fetch('HTTP_PORT').to_i),
  WEBrick::HTTPServer.new(**common, **tls, Port: ENV.fetch('HTTPS_PORT').to_i)
]
servers.each { |server| server.mount('/', Call) }
trap('TERM') { servers.each(&:shutdown) }
servers.map { |server| Thread.new { server.start } }.each(&:join)
