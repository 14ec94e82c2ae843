<?php
// Work for php: decode JSON, fill templates, build and sort arrays of strings. Argument: the JSON file.
$parts = [];
for ($round = 0; $round < 3; $round++) {
    $records = json_decode(file_get_contents($argv[1]), true);
    foreach ($records as $record) {
        $rows = array_map(
            fn ($item) => sprintf('<tr><td>%s</td><td>%.2f</td></tr>', htmlspecialchars($item['name']), $item['price']),
            $record['items']
        );
        $parts[$record['customer']][] = "<table>\n" . implode("\n", $rows) . "\n</table>";
    }
    ksort($parts);
    $page = implode("\n", array_map(fn ($some) => implode('', $some), $parts));
    if (strlen($page) < 1000) exit(1);
    $parts = [];
}
