// The call with Fastify on two listeners: HTTPS (HTTP/2 or 1.1) serves it, HTTP answers 009 to everything.
const fs = require('node:fs');
const { Readable } = require('node:stream');
const { timingSafeEqual } = require('node:crypto');
const fastify = require('fastify');
const { XMLBuilder, XMLParser, XMLValidator } = require('fast-xml-parser');

const ERRORS = {
  '004': 'Source IP address blocked',
  '007': 'Command not allowed',
  '008': 'Connect API established',
  '009': 'HTTP protocol not allowed, require HTTPS',
  '999': 'Unknown error',
};
const TYPES = ['HTTP GET', 'HTTP POST', 'XML POST', 'XML GET', 'SMTP POST', 'SOAP GET', 'SOAP POST'];
const builder = new XMLBuilder({ format: true });
const parser = new XMLParser({ ignoreAttributes: false, ignoreDeclaration: true, parseTagValue: false });

function envelope(reply, error, status = 200) {
  const root = { Action: 'get_list_callback', Result: error ? 'Error' : 'Success' };
  if (error) {
    Object.assign(root, { Error: error, Description: ERRORS[error] });
  } else {
    root.Values = { Value: TYPES.map((name, id) => ({ callback_type_id: id, callback_type: name })) };
  }
  root.Timestamp = Math.floor(Date.now() / 1000);
  const document = `<?xml version="1.0"?>\n${builder.build({ ClICKATELLSDK: root })}`;
  return reply.code(status).type('text/xml; charset=utf-8').send(Readable.from([document]));
}

function right(token) {
  const [given, expected] = [Buffer.from(token), Buffer.from(process.env.TOKEN)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function asksForTheList(document) {
  if (XMLValidator.validate(document) !== true) return false;
  try {
    return JSON.stringify(parser.parse(document)) === '{"clickatellsdk":{"action":"get_list_callback"}}';
  } catch {
    return false;
  }
}

function server(options, handler) {
  const app = fastify({ ...options, maxParamLength: 100 });
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.all('/:token', handler);
  app.all('/:token/get_list_callback', handler);
  app.all('/state-:state/:token', handler);
  app.all('/state-:state/:token/get_list_callback', handler);
  return app;
}

const tls = { key: fs.readFileSync(process.env.KEY), cert: fs.readFileSync(process.env.CERT), allowHTTP1: true };
const secure = server({ http2: true, https: tls }, (request, reply) => {
  const { state, token } = request.params;
  if (!right(token)) return envelope(reply, '999', 403);
  if (state in ERRORS) return envelope(reply, state);
  const fields = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
  return envelope(reply, asksForTheList(fields.get('XML') ?? String(request.query.XML ?? '')) ? null : '999');
});
const clear = server({}, (_request, reply) => envelope(reply, '009'));

secure.listen({ host: '127.0.0.1', port: Number(process.env.HTTPS_PORT) });
clear.listen({ host: '127.0.0.1', port: Number(process.env.HTTP_PORT) });
