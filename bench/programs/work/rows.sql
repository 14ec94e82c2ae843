-- Work for sqlite3: many small rows with two indexes, a statement for each, looked up and changed singly.
-- ROWS is replaced.
-- SPDX-License-Identifier: MIT
CREATE TABLE item (id INTEGER PRIMARY KEY, key TEXT, kind INTEGER, note TEXT);
CREATE INDEX item_key ON item (key);
CREATE INDEX item_kind ON item (kind, note);
CREATE TRIGGER item_changed AFTER UPDATE ON item WHEN new.kind % 50 = 0
BEGIN INSERT INTO item (key, kind, note) VALUES (new.key || '+', 1, substr(new.note, 2)); END;
