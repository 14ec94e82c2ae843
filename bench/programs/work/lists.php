<?php
// Work for php: lists of words, objects that refer to each other, strings built by appending. Argument: the text file.
// SPDX-License-Identifier: MIT
final class Entry
{
    public array $lines = [];
    public string $text = '';
    public ?Entry $next = null;
    public function __construct(public string $word) {}
}
$entries = [];
$number = 0;
foreach (new SplFileObject($argv[1]) as $line) {
    $number++;
    $last = null;
    foreach (explode(' ', rtrim($line)) as $word) {
        $entry = $entries[$word] ??= new Entry($word);
        $entry->lines[] = $number;
        $entry->text .= "$number ";
        if ($last !== null && $last->next === null && $entry !== $last) $last->next = $entry;
        $last = $entry;
    }
}
uasort($entries, fn ($a, $b) => count($b->lines) <=> count($a->lines) ?: strcmp($a->word, $b->word));
$rows = [];
foreach ($entries as $word => $entry) {
    $rows[] = sprintf('<li>%s: %d, %s</li>', ucfirst($word), count($entry->lines), strrev(substr($entry->text, 0, 90)));
    if (count($entry->lines) > 20) unset($entries[$word]);
}
if (strlen(implode("\n", $rows)) < 1000) exit(1);
