<?php
// The call as one PHP file: GET /TOKEN?XML=..., or the same field posted.
const ERRORS = [
    '004' => 'Source IP address blocked',
    '007' => 'Command not allowed',
    '008' => 'Connect API established',
    '009' => 'HTTP protocol not allowed, require HTTPS',
    '999' => 'Unknown error',
];
const TYPES = [0 => 'HTTP GET', 1 => 'HTTP POST', 2 => 'XML POST', 3 => 'XML GET', 5 => 'SOAP GET', 6 => 'SOAP POST'];

function decide(): ?string
{
    if (($_SERVER['HTTPS'] ?? '') !== 'on') {
        return '009';
    }
    $path = explode('/', trim(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '', '/'));
    $served = [[getenv('TOKEN')], [getenv('TOKEN'), 'get_list_callback']];
    if (!hash_equals(getenv('TOKEN'), $path[0]) || !in_array($path, $served, true)) {
        return '999';
    }
    $state = $_SERVER['HTTP_X_TEST_STATE'] ?? '';
    if (isset(ERRORS[$state])) {
        return $state;
    }
    libxml_use_internal_errors(true);
    $xml = $_POST['XML'] ?? $_GET['XML'] ?? '';
    if (!is_string($xml) || str_contains($xml, '<!DOCTYPE')) {
        return '999';
    }
    $request = simplexml_load_string($xml, null, LIBXML_NONET);
    return $request !== false && is_the_call($request) ? null : '999';
}

// Exactly <clickatellsdk><action>get_list_callback</action></clickatellsdk>, however it is laid out.
function is_the_call(SimpleXMLElement $request): bool
{
    $elements = dom_import_simplexml($request)->ownerDocument->getElementsByTagName('*');
    return $request->getName() === 'clickatellsdk'
        && $elements->length === 2
        && $request->getNamespaces(true) === []
        && !$elements[0]->hasAttributes() && !$elements[1]->hasAttributes()
        && trim($elements[0]->textContent) === trim($elements[1]->textContent)
        && (string) $request->action === 'get_list_callback';
}

$error = decide();
$root = new SimpleXMLElement('<ClICKATELLSDK/>');
$root->Action = 'get_list_callback';
$root->Result = $error === null ? 'Success' : 'Error';
if ($error === null) {
    $values = $root->addChild('Values');
    foreach (TYPES as $id => $type) {
        $value = $values->addChild('Value');
        $value->addChild('callback_type_id', (string) $id);
        $value->addChild('callback_type', $type);
    }
} else {
    $root->Error = $error;
    $root->Description = ERRORS[$error];
}
$root->Timestamp = time();
header('Content-Type: text/xml; charset=utf-8');
header('Cache-Control: no-store');
echo $root->asXML();
