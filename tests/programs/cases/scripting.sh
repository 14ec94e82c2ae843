# shellcheck shell=bash disable=SC2034,SC2016,SC2154
# Interpreters, each of which builds and frees its own kind of tables, strings and closures.
# SPDX-License-Identifier: MIT
packages="perl lua5.4 ruby gawk php-cli php-curl php-gd php-intl php-mbstring php-sqlite3 php-xml"
export PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0

processes_perl="perl"
program_perl() {
    perl -e '
        my %h; my $x = 1;
        for (1..60000) { $x = $x * 16807 % 2147483647; push @{$h{$x % 5000}}, "v$x" x ($x % 5) }
        my @k = sort { @{$h{$b}} <=> @{$h{$a}} || $a <=> $b } keys %h;
        print scalar(@k), " $k[0] ", join(",", @{$h{$k[0]}}), "\n";
        my $text = join " ", map { @{$h{$_}} } @k;
        (my $copy = $text) =~ s/v(\d)(\d+)/$2$1/g;
        print length($text), " ", length($copy), " ", unpack("%32C*", $copy), "\n";'
}

program_perl_threads() {
    perl -Mthreads -e '
        my @t = map { my $n = $_; threads->create(sub {
            my %h; $h{$_ * $n} = "x" x ($_ % 100) for 1..8000; my $s = 0;
            $s += length for values %h; $s }) } 1..8;
        print join(" ", map { $_->join } @t), "\n";'
}
processes_perl_threads="perl"

processes_lua="lua5.4"
program_lua() {
    lua5.4 - <<'LUA'
local function tree(depth) return depth == 0 and {} or {tree(depth - 1), tree(depth - 1)} end
local function count(node) return node[1] and 1 + count(node[1]) + count(node[2]) or 1 end
for depth = 4, 14 do print(depth, count(tree(depth))) end
local parts, x = {}, 1
for i = 1, 50000 do x = x * 16807 % 2147483647; parts[i] = ("%x"):format(x) end
table.sort(parts)
local text = table.concat(parts, ",")
print(#text, select(2, text:gsub("%x+", string.upper)), text:sub(1, 40))
collectgarbage()
LUA
}

processes_ruby="ruby*"
program_ruby() {
    ruby - <<'RUBY'
words = (1..40000).map { |i| (i * 7919 % 104729).to_s(36) * (i % 6) }
groups = words.group_by(&:size).transform_values { |list| list.uniq.sort.first(3) }
puts groups.sort.first(8).inspect
totals = 8.times.map { |n| Thread.new { (1..20000).map { |k| "#{n}#{k}" }.join.size } }.map(&:value)
puts totals.inspect
puts words.join(" ").gsub(/([a-z])(\d)/, '\2\1').sum
GC.start
reader, writer = IO.pipe
pid = fork { writer.puts words.map(&:to_sym).size; exit! }
Process.wait(pid)
puts reader.gets
RUBY
}

processes_gawk="gawk"
program_gawk() {
    gawk 'BEGIN {
        x = 1
        for (i = 0; i < 100000; i++) { x = x * 16807 % 2147483647; t[x % 3000] = t[x % 3000] " " x }
        n = asorti(t, keys)
        for (i = 1; i <= n; i++) total += split(t[keys[i]], parts)
        for (i = 1; i <= 2000; i++) s = s gensub(/([0-9])([0-9])/, "\\2\\1", "g", t[i])
        print n, total, length(s), substr(s, 1, 60)
    }'
}

processes_php="php*"
program_php() { php -n -r "$php_work"; }
php_work='
    $t = [];
    for ($i = 0; $i < 60000; $i++) $t["k" . ($i * 7919 % 4001)][] = str_repeat("v", $i % 30);
    ksort($t);
    echo count($t), " ", md5(serialize($t)), "\n";
    $w = preg_replace("/v{3}/", "w", implode(",", $t["k17"]));
    echo strlen(json_encode($t)), " ", md5($w), "\n";'

# Debian's php loads its extensions with RTLD_DEEPBIND, which would bind them past any preloaded malloc.
processes_php_extensions="php*"
program_php_extensions() {
    php -r "$php_work"
    php -r '
        $x = new DOMDocument();
        $x->loadXML("<a>" . str_repeat("<b c=\"d\">text</b>", 20000) . "</a>");
        echo strlen($x->saveXML()), " ", (new DOMXPath($x))->query("//b[@c]")->length, " ";
        echo simplexml_import_dom($x)->b[7], "\n";
        $s = str_repeat("äöüß漢字", 20000);
        echo mb_strlen($s), " ", md5(mb_convert_case($s, MB_CASE_UPPER)), " ";
        echo md5(mb_convert_encoding($s, "UTF-16", "UTF-8"));
        echo " ", md5(Normalizer::normalize($s, Normalizer::FORM_D)), " ", md5(iconv("UTF-8", "UTF-7", $s)), "\n";
        echo (new NumberFormatter("de_DE", NumberFormatter::DECIMAL))->format(1234567.891), "\n";
        $d = new PDO("sqlite::memory:");
        $d->exec("create table t(a integer primary key, b text)");
        $q = $d->prepare("insert into t(b) values(?)");
        $d->beginTransaction();
        for ($i = 0; $i < 20000; $i++) $q->execute([str_repeat(chr(97 + $i % 26), $i % 100)]);
        $d->commit();
        $q = $d->query("select substr(b,1,1) c, count(*) n, sum(length(b)) l from t group by c limit 3");
        print_r($q->fetchAll());
        $g = imagecreatetruecolor(400, 300);
        for ($i = 0; $i < 2000; $i++) imageline($g, $i % 400, 0, 399 - $i % 400, 299, $i * 4711);
        ob_start();
        imagepng($g);
        echo md5(ob_get_clean()), "\n";
        $c = curl_init("file:///etc/passwd");
        curl_setopt($c, CURLOPT_RETURNTRANSFER, true);
        echo md5(curl_exec($c)), " ", count(get_loaded_extensions()), "\n";
        $z = finfo_open();
        echo finfo_buffer($z, gzencode($s)), " ", token_name(token_get_all("<?php 1;")[0][0]), "\n";'
}
