<?php
// The call with DOMDocument: the field XML by GET or POST, or the body of a POST. HTTP status codes tell errors too.
const MESSAGES = [
    '004' => 'Source IP address blocked',
    '007' => 'Command not allowed',
    '008' => 'Connect API established',
    '009' => 'HTTP protocol not allowed, require HTTPS',
    '999' => 'Unknown error',
];
const STATUS = ['004' => 403, '007' => 403, '008' => 403, '009' => 403, '999' => 400];

final class Refused extends Exception
{
}

function answer(?string $error): string
{
    $document = new DOMDocument('1.0', 'UTF-8');
    $document->formatOutput = true;
    $root = $document->appendChild($document->createElement('ClICKATELLSDK'));
    $add = function (DOMElement $to, string $name, string $text = '') use ($document) {
        return $to->appendChild($document->createElement($name, $text));
    };
    $add($root, 'Action', 'get_list_callback');
    $add($root, 'Result', $error ? 'Error' : 'Success');
    if ($error) {
        $add($root, 'Error', $error);
        $add($root, 'Description', MESSAGES[$error]);
    } else {
        $values = $add($root, 'Values');
        foreach ([0 => 'HTTP GET', 1 => 'HTTP POST', 5 => 'SOAP GET', 6 => 'SOAP POST'] as $id => $type) {
            $value = $add($values, 'Value');
            $add($value, 'callback_type_id', (string) $id);
            $add($value, 'callback_type', $type);
        }
    }
    $add($root, 'Timestamp', (string) time());
    return $document->saveXML();
}

function action(string $xml): string
{
    libxml_use_internal_errors(true);
    $document = new DOMDocument();
    if ($xml === '' || !$document->loadXML($xml, LIBXML_NONET | LIBXML_NOCDATA) || $document->doctype !== null) {
        throw new Refused('999');
    }
    $document->normalizeDocument();
    $path = new DOMXPath($document);
    $strict = 'count(/clickatellsdk/action) = 1 and count(//*) = 2 and not(//@*) and not(/*/text()[normalize-space()])';
    if (!$path->evaluate($strict)) {
        throw new Refused('999');
    }
    return $path->evaluate('string(/clickatellsdk/action)');
}

try {
    $path = explode('/', trim(explode('?', $_SERVER['REQUEST_URI'])[0], '/'));
    $served = [[getenv('TOKEN')], [getenv('TOKEN'), 'get_list_callback']];
    if (!hash_equals(getenv('TOKEN'), $path[0]) || !in_array($path, $served, true)) {
        throw new Refused('999');
    }
    if (($_SERVER['HTTPS'] ?? 'off') !== 'on') {
        throw new Refused('009');
    }
    if (isset(MESSAGES[$state = $_SERVER['HTTP_X_TEST_STATE'] ?? ''])) {
        throw new Refused((string) $state);
    }
    $field = $_POST['XML'] ?? $_GET['XML'] ?? file_get_contents('php://input');
    if (action(is_string($field) ? $field : '') !== 'get_list_callback') {
        throw new Refused('999');
    }
    $error = null;
} catch (Refused $refused) {
    $error = $refused->getMessage();
    http_response_code(STATUS[$error]);
}
header('Content-Type: text/xml; charset=UTF-8');
header('Cache-Control: no-store');
echo answer($error);
