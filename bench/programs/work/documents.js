// Work for node: parse JSON, keep typed buffers outside the engine's own heap, encode. Argument: the JSON file.
'use strict';
const fs = require('fs');
const zlib = require('zlib');

const kept = [];
for (let round = 0; round < 4; round++) {
    const records = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
    const byCustomer = new Map();
    for (const record of records) {
        const some = byCustomer.get(record.customer) || [];
        some.push(Buffer.from(JSON.stringify(record.items)));
        byCustomer.set(record.customer, some);
    }
    for (const [name, some] of byCustomer) {
        const page = zlib.deflateSync(Buffer.concat(some), { level: 1 });
        if (name.length % 4 === round) kept.push(page);
    }
}
if (kept.length === 0) process.exit(1);
