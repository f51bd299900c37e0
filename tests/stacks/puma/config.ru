# The call as a Rack application: the field XML, posted or in the URL.
require 'nokogiri'
require 'openssl'
require 'rack'

ERRORS = {
  '004' => 'Source IP address blocked',
  '007' => 'Command not allowed',
  '008' => 'Connect API established',
  '009' => 'HTTP protocol not allowed, require HTTPS',
  '999' => 'Unknown error'
}.freeze
TYPES = { 0 => 'HTTP GET', 1 => 'HTTP POST', 2 => 'XML POST', 3 => 'XML GET', 5 => 'SOAP GET', 6 => 'SOAP POST' }.freeze
STRICT = 'count(//*) = 2 and not(//@*) and not(/*/text()[normalize-space()])'.freeze

def envelope(error = nil)
  Nokogiri::XML::Builder.new(encoding: 'UTF-8') do |xml|
    xml.ClICKATELLSDK do
      xml.Action 'get_list_callback'
      xml.Result error ? 'Error' : 'Success'
      if error
        xml.Error error
        xml.Description ERRORS[error]
      else
        xml.Values do
          TYPES.each do |id, type|
            xml.Value do
              xml.callback_type_id id
              xml.callback_type type
            end
          end
        end
      end
      xml.Timestamp Time.now.to_i
    end
  end.to_xml
end

def asks_for_the_list?(text)
  document = Nokogiri::XML(text, &:strict)
  action = document.xpath('string(/clickatellsdk/action)')
  document.internal_subset.nil? && document.xpath(STRICT) && action == 'get_list_callback'
rescue Nokogiri::XML::SyntaxError
  false
end

run(lambda do |env|
  headers = { 'content-type' => 'application/xml; charset=utf-8', 'cache-control' => 'no-store' }
  answer = ->(error) { [200, headers.dup, [envelope(error)]] }
  # What the socket was, not rack.url_scheme, which believes X-Forwarded-Proto.
  next answer.call('009') unless env['puma.socket'].is_a?(Puma::MiniSSL::Socket)

  state, token = env['PATH_INFO'].match(%r{\A(?:/(\d{3}))?/([^/]+)(?:/get_list_callback)?\z})&.captures
  next [403, {}, []] unless token && OpenSSL.secure_compare(token, ENV.fetch('TOKEN'))
  next answer.call(state) if ERRORS.key?(state)

  xml = Rack::Request.new(env).params['XML']
  answer.call(xml.is_a?(String) && asks_for_the_list?(xml) ? nil : '999')
end)
