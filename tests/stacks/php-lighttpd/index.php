<?php
// The call with PHP's SAX parser, as old as the API itself: GET /TOKEN?XML=..., or the same field posted.
const ERRORS = [
    '004' => 'Source IP address blocked',
    '007' => 'Command not allowed',
    '008' => 'Connect API established',
    '009' => 'HTTP protocol not allowed, require HTTPS',
    '999' => 'Unknown error',
];
const STATES = ['blocked' => '004', 'disabled' => '007', 'off' => '008', 'broken' => '999'];
const TYPES = [0 => 'HTTP GET', 1 => 'HTTP POST', 2 => 'XML POST', 3 => 'XML GET', 5 => 'SOAP GET', 6 => 'SOAP POST'];

function respond(string $content): never
{
    header('Content-Type: application/xml');
    $content = "<Action>get_list_callback</Action>$content<Timestamp>" . time() . '</Timestamp>';
    echo "<?xml version=\"1.0\"?>\n<ClICKATELLSDK>$content</ClICKATELLSDK>";
    exit;
}

function refuse(string $code): never
{
    respond("<Result>Error</Result><Error>$code</Error><Description>" . ERRORS[$code] . '</Description>');
}

/** The parts that the document consists of, white space aside: start and end tags, and text. */
function parts(string $xml): ?array
{
    $parts = [];
    $text = '';
    $say = function (string $part) use (&$parts, &$text) {
        $parts = array_merge($parts, trim($text) === '' ? [] : [$text], [$part]);
        $text = '';
    };
    $parser = xml_parser_create();
    xml_parser_set_option($parser, XML_OPTION_CASE_FOLDING, false);
    xml_set_element_handler(
        $parser,
        fn ($_, string $name, array $attributes) => $say('<' . implode(' ', [$name, ...array_keys($attributes)]) . '>'),
        fn ($_, string $name) => $say("</$name>"),
    );
    xml_set_character_data_handler($parser, function ($_, string $data) use (&$text) {
        $text .= $data;
    });
    return xml_parse($parser, $xml, true) === 1 ? $parts : null;
}

if (($_SERVER['HTTPS'] ?? '') !== 'on') {
    refuse('009');
}
$path = explode('/', trim(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '', '/'));
$state = isset(STATES[$path[0]]) ? STATES[array_shift($path)] : null;
if (count($path) !== 1 || !hash_equals(getenv('TOKEN'), $path[0])) {
    http_response_code(404);
    exit;
}
if ($state !== null) {
    refuse($state);
}
$xml = $_POST['XML'] ?? $_GET['XML'] ?? '';
$call = ['<clickatellsdk>', '<action>', 'get_list_callback', '</action>', '</clickatellsdk>'];
if (!is_string($xml) || parts($xml) !== $call) {
    refuse('999');
}
$values = '';
foreach (TYPES as $id => $type) {
    $values .= "<Value><callback_type_id>$id</callback_type_id><callback_type>$type</callback_type></Value>";
}
respond("<Result>Success</Result><Values>$values</Values>");
