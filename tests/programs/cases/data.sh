# shellcheck shell=bash disable=SC2034
# Programs that read documents, keep tables, or encrypt.
# SPDX-License-Identifier: MIT
packages="jq libxml2-utils openssl sqlite3 nodejs openjdk-17-jre-headless"

prepare() {
    awk 'BEGIN { print "["; for (i = 0; i < 15000; i++)
        printf "%s{\"id\":%d,\"name\":\"n%d\",\"values\":[%d,%d,%.3f]}\n", i ? "," : "", i,
               i * 7919 % 1013, i * 31 % 97, i % 5, i / 7; print "]" }' >rows.json
    awk 'BEGIN { print "<rows>"; for (i = 0; i < 20000; i++)
        printf "<row id=\"%d\"><name>n%d</name><v>%d</v></row>\n", i, i * 7919 % 1013, i % 97
        print "</rows>" }' >rows.xml
    openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=loopback -days 3650 \
        -keyout key.pem -out cert.pem
}

processes_jq="jq"
program_jq() {
    jq -c 'group_by(.name) | map({name: .[0].name, n: length, sum: (map(.values[2]) | add)})
        | sort_by(.sum) | .[-3:]' "$INPUT/rows.json"
    jq -S . "$INPUT/rows.json" | sha256sum
}

processes_xmllint="xmllint"
program_xmllint() {
    xmllint --xpath 'sum(//row[v > 50]/v)' "$INPUT/rows.xml"
    xmllint --format "$INPUT/rows.xml" | sha256sum
    xmllint --stream "$INPUT/rows.xml"
    xmllint --noout <(echo '<a><b></a>') || echo "status $?"
}

processes_openssl="openssl"
program_openssl() {
    openssl dgst -sha256 -sign "$INPUT/key.pem" -out signature "$INPUT/rows.json"
    sha256sum signature
    openssl verify -CAfile "$INPUT/cert.pem" "$INPUT/cert.pem"
    openssl enc -aes-256-cbc -pbkdf2 -S 0011223344556677 -pass pass:word -in "$INPUT/rows.xml" \
        -out cipher
    sha256sum cipher
    openssl enc -d -aes-256-cbc -pbkdf2 -S 0011223344556677 -pass pass:word -in cipher |
        cmp - "$INPUT/rows.xml"
    openssl x509 -in "$INPUT/cert.pem" -noout -text | sha256sum
}

processes_sqlite3="sqlite3"
program_sqlite3() {
    sqlite3 base.db <<'SQL'
PRAGMA cache_size = -8000;
CREATE TABLE t(k INTEGER PRIMARY KEY, a INTEGER, s TEXT);
WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 120000)
INSERT INTO t SELECT i, i * 7919 % 104729, printf('%x-%d', i * 31 % 65537, i % 13) FROM n;
CREATE INDEX t_a ON t(a);
CREATE INDEX t_s ON t(s);
SELECT a % 7, count(*), sum(length(s)), max(s) FROM t GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM t x JOIN t y ON x.a = y.k WHERE y.s LIKE '%f-%';
DELETE FROM t WHERE k % 3 = 0;
VACUUM;
PRAGMA integrity_check;
SQL
    sqlite3 base.db .dump | sha256sum
}

processes_node="node*"
program_node() {
    cat >work.js <<'JS'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const { createHash } = require('crypto');
const zlib = require('zlib');
function digest(seed) {
    const buffers = [];
    for (let i = 0; i < 3000; i++) buffers.push(Buffer.alloc((seed * i) % 5000, String(i)));
    const packed = zlib.deflateSync(Buffer.concat(buffers));
    return createHash('sha256').update(zlib.inflateSync(packed)).digest('hex');
}
if (!isMainThread) {
    parentPort.postMessage(digest(workerData));
} else {
    const rows = JSON.parse(require('fs').readFileSync(process.env.INPUT + '/rows.json', 'utf8'));
    console.log(rows.length, JSON.stringify(rows.filter(r => r.values[0] > 90)).length);
    Promise.all([1, 2, 3, 4].map(seed => new Promise((resolve, reject) => {
        const worker = new Worker(__filename, { workerData: seed * 7 });
        worker.on('message', resolve).on('error', reject);
    }))).then(all => console.log(all.join('\n')));
}
JS
        node work.js
}

processes_java="java"
program_java() { java -version; }

# Real work for a JRE without a Java compiler: certificates, key stores, the JIT and its threads.
processes_keytool="keytool"
program_keytool() {
    keytool -printcert -file "$INPUT/cert.pem"
    keytool -importcert -noprompt -alias a -file "$INPUT/cert.pem" -keystore store -storepass secret
    keytool -list -keystore store -storepass secret | sed 's/, [A-Z].*//'
}
