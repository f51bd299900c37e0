// The call with node:http alone. Caddy answers plain HTTP itself, so whatever comes here came by HTTPS.
const http = require('node:http');
const { createHash, timingSafeEqual } = require('node:crypto');
const { parseStringPromise } = require('xml2js');

const ERRORS = {
  '004': 'Source IP address blocked',
  '007': 'Command not allowed',
  '008': 'Connect API established',
  '009': 'HTTP protocol not allowed, require HTTPS',
  '999': 'Unknown error',
};
const TYPES = { 0: 'HTTP GET', 1: 'HTTP POST', 2: 'XML POST', 3: 'XML GET', 5: 'SOAP GET', 6: 'SOAP POST' };

function envelope(error) {
  const pairs = Object.entries(TYPES).map(([id, type]) => `
    <Value>
      <callback_type_id>${id}</callback_type_id>
      <callback_type>${type}</callback_type>
    </Value>`);
  const content = error
    ? `<Result>Error</Result>\n  <Error>${error}</Error>\n  <Description>${ERRORS[error]}</Description>`
    : `<Result>Success</Result>\n  <Values>${pairs.join('')}\n  </Values>`;
  return `<?xml version="1.0"?>
<ClICKATELLSDK>
  <Action>get_list_callback</Action>
  ${content}
  <Timestamp>${Math.floor(Date.now() / 1000)}</Timestamp>
</ClICKATELLSDK>
`;
}

const digest = (text) => createHash('sha256').update(text).digest();
const expected = digest(process.env.TOKEN);

/** The error of a call, null for success, undefined where there is nothing at this address. */
async function decide(request, url) {
  const [, token, call, ...rest] = url.pathname.split('/');
  if (!timingSafeEqual(digest(token), expected) || rest.length || ![undefined, 'get_list_callback'].includes(call)) {
    return undefined;
  }
  const state = request.headers['x-test-state'];
  if (state in ERRORS) return state;
  try {
    const asked = await parseStringPromise(url.searchParams.get('XML'), { normalizeTags: false });
    return asked.clickatellsdk.action[0] === 'get_list_callback' ? null : '999';
  } catch {
    return '999';
  }
}

const server = http.createServer(async (request, response) => {
  request.resume();
  const error = await decide(request, new URL(request.url, 'http://localhost'));
  if (error === undefined) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'Content-Type': 'application/xml', 'Cache-Control': 'no-store' });
  response.end(envelope(error));
});
server.listen(Number(process.env.BACKEND_PORT), '127.0.0.1');
