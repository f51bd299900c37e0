// The call with Express: GET /TOKEN?XML=..., or the same field posted. HAProxy alone says what the scheme is.
const crypto = require('node:crypto');
const express = require('express');
const xml2js = require('xml2js');

const ERRORS = {
  '004': 'Source IP address blocked',
  '007': 'Command not allowed',
  '008': 'Connect API established',
  '009': 'HTTP protocol not allowed, require HTTPS',
  '999': 'Unknown error',
};
const TYPES = [[0, 'HTTP GET'], [1, 'HTTP POST'], [2, 'XML POST'], [3, 'XML GET'], [5, 'SOAP GET'], [6, 'SOAP POST']];
const builder = new xml2js.Builder({ rootName: 'ClICKATELLSDK', xmldec: { version: '1.0', encoding: 'UTF-8' } });

function send(response, error) {
  const answer = { Action: 'get_list_callback', Result: error ? 'Error' : 'Success' };
  if (error) {
    Object.assign(answer, { Error: error, Description: ERRORS[error] });
  } else {
    answer.Values = { Value: TYPES.map(([id, type]) => ({ callback_type_id: id, callback_type: type })) };
  }
  answer.Timestamp = Math.floor(Date.now() / 1000);
  response.type('text/xml').set('Cache-Control', 'no-store').send(builder.buildObject(answer));
}

function same(token) {
  const digest = (text) => crypto.createHash('sha256').update(text).digest();
  return crypto.timingSafeEqual(digest(token), digest(process.env.TOKEN));
}

async function asksForTheList(document) {
  try {
    const request = await xml2js.parseStringPromise(document, { async: false });
    return JSON.stringify(request) === '{"clickatellsdk":{"action":["get_list_callback"]}}';
  } catch {
    return false;
  }
}

const app = express();
app.disable('x-powered-by');
app.set('trust proxy', 'loopback');
app.set('etag', false);
app.use(express.urlencoded({ extended: false, limit: '1mb' }));
app.all(['/:token', '/:token/get_list_callback'], async (request, response) => {
  if (!request.secure) return send(response, '009');
  if (!same(request.params.token)) return response.status(404).end();
  const state = request.get('X-Test-State');
  if (state in ERRORS) return send(response, state);
  const xml = request.body?.XML ?? request.query.XML ?? '';
  return send(response, (await asksForTheList(String(xml))) ? null : '999');
});
app.listen(Number(process.env.BACKEND_PORT), '127.0.0.1');
