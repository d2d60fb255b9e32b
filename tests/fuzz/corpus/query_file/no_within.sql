-- @a every=30s
SELECT 1