-- @a every=30s within=5s with=x,y
SELECT $1::int, $2 FROM t;

-- why
-- @b every=1h within=30s
WITH q AS (SELECT 1) SELECT * FROM q
