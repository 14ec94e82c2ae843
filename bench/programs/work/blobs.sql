-- Work for sqlite3: blobs of 100 bytes to 60 kB, written, joined, replaced and deleted. ROWS is replaced.
-- SPDX-License-Identifier: MIT
CREATE TABLE file (id INTEGER PRIMARY KEY, name TEXT UNIQUE, data BLOB);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ROWS)
INSERT INTO file SELECT i, 'file ' || i, zeroblob(100 + i * 7919 % 1000 * (i % 61)) FROM n;
SELECT sum(length(data)), max(length(hex(substr(data, 1, 4000)))) FROM file;
UPDATE file SET data = zeroblob(length(data) / 2 + 50) WHERE id % 3 = 0;
DELETE FROM file WHERE id % 4 = 1;
SELECT name, length(data || data) AS bytes FROM file ORDER BY bytes DESC, name LIMIT 5;
SELECT count(*) FROM (SELECT group_concat(hex(substr(data, 1, 100)), '') AS t FROM file GROUP BY id % 500) WHERE t > '';
INSERT INTO file SELECT id + 1000000, name || ' copy', data FROM file WHERE id % 2 = 0;
SELECT sum(length(data)) FROM file;
