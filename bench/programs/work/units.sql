-- Work for sqlite3: a table in memory with an index, aggregates, joins, text and updates. ROWS is replaced.
CREATE TABLE sale (id INTEGER PRIMARY KEY, customer TEXT, city TEXT, amount REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ROWS)
INSERT INTO sale SELECT i, 'customer ' || (i * 7919 % 9973), 'city ' || (i * 31 % 97), i * 1.5 % 1000 FROM n;
CREATE INDEX sale_customer ON sale (customer);
CREATE TABLE best AS SELECT customer, sum(amount) AS total, group_concat(city) AS cities FROM sale GROUP BY customer;
SELECT count(*) FROM sale a JOIN best b USING (customer) WHERE b.total > 1000 AND length(b.cities) > 10;
UPDATE sale SET city = upper(city) || ' north' WHERE id % 3 = 0;
SELECT city, count(*), avg(amount), json_group_array(id) FROM sale GROUP BY city ORDER BY 3 DESC LIMIT 5;
DELETE FROM sale WHERE id % 2 = 0;
SELECT count(DISTINCT customer), max(length(customer || city)) FROM sale;
