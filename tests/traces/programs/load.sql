-- SPDX-License-Identifier: MIT
-- A database under load, read through mmap: rows go in, are looked up, joined, sorted, changed, thrown out.
PRAGMA mmap_size = 268435456;
PRAGMA cache_size = -16000;
PRAGMA journal_mode = WAL;
CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price REAL, note TEXT);
CREATE TABLE sale (item INTEGER, day INTEGER, amount INTEGER);

WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
INSERT INTO item SELECT i, 'item ' || i, i % 997 / 10.0, hex(zeroblob(i % 200)) FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 80000)
INSERT INTO sale SELECT i * 7919 % 30000, i % 365, i % 13 FROM n;
PRAGMA wal_checkpoint(TRUNCATE);
CREATE INDEX item_name ON item (name);
CREATE INDEX sale_item ON sale (item, day);

SELECT count(*), sum(length(note)) FROM item;
SELECT day, sum(amount * price) AS income FROM sale JOIN item ON item.id = sale.item
GROUP BY day ORDER BY income DESC LIMIT 5;
SELECT name FROM item WHERE name LIKE '%99%' ORDER BY price, name LIMIT 5;
UPDATE item SET note = note || note WHERE id % 3 = 0;
DELETE FROM sale WHERE day < 100;
PRAGMA wal_checkpoint(TRUNCATE);
SELECT a.name, count(*) FROM item a JOIN sale s ON s.item = a.id GROUP BY a.id ORDER BY 2 DESC, 1 LIMIT 5;
VACUUM;
SELECT count(*) FROM item i JOIN sale s ON s.item = i.id WHERE i.price > 50;
DROP TABLE sale;
VACUUM;
PRAGMA integrity_check;
