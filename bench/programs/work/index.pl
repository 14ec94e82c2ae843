# Work for perl: an index of lines by word with nested hashes, and strings that grow. Argument: the text file.
# SPDX-License-Identifier: MIT
use strict;
use warnings;
my (%place, %line, %pair);
open my $file, '<', $ARGV[0] or die "$ARGV[0]: $!";
while (my $text = <$file>) {
    chomp $text;
    my @words = split / /, $text;
    $line{$.} = { text => $text, first => $words[0], words => scalar @words, tags => [ @words[0, -1] ] } if $. % 2;
    for my $i (0 .. $#words) {
        $place{$words[$i]} .= "$.:$i ";
        $pair{substr($words[$i], 0, 3)}{length $words[$i]} += $i;
    }
}
my $bytes = 0;
for my $word (sort keys %place) {
    my @places = split / /, $place{$word};
    $bytes += length join ',', reverse @places;
    delete $place{$word} if @places > 50;
}
delete $line{$_} for grep { $_ % 3 == 0 } keys %line;
for my $text (values %place) { $text =~ s/:/-/g; $text .= 'end of the list' }
$bytes += length join "\n", map { "$_->{first} $_->{words}" } values %line;
die 'no lines' if $bytes < 1000;
