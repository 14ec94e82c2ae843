# Work for perl: split lines into words, count them, sort, join. Argument: the text file.
use strict;
use warnings;
my (%count, %follows);
open my $file, '<', $ARGV[0] or die "$ARGV[0]: $!";
while (my $line = <$file>) {
    my @words = split /\W+/, lc $line;
    for my $i (0 .. $#words) {
        $count{$words[$i]}++;
        push @{$follows{$words[$i]}}, $words[$i + 1] if $i < $#words;
    }
}
my @by_count = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
my $text = join "\n", map { "$_ $count{$_} " . scalar @{$follows{$_} || []} } @by_count;
die 'no words' if length $text < 100;
