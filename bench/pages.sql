-- What bench/pages.py fills a platform with, from case :first to case :cases. A hall's and a matter's share falls with
-- its number: the first has a quarter of all, the last next to nothing. One of twenty is the answer to a supplement.
INSERT INTO submission (seq, uid, sha256, body, receipt, test, state, case_number, received_at, complete_at, rating,
    terminal, provisional_number, matter, hall, stage, supplement_of)
SELECT n, uid, md5(uid) || md5(uid),
    convert_to('{"attachments":[],"created":"2026-01-05T09:00:00+08:00","form":{"applicant":{"address":"'
        || repeat('桃源镇东河村三组', 12) || '","id_number":"33072619500101123X","name":"王秀英"}},"kiosk":"'
        || terminal || '","matter":"' || matter || '","provisional_number":"' || terminal || '-260105-' || n
        || '-E","test":false,"token":"AAAAAAAAAAAAAAAAAAAAAA","uid":"' || uid || '"}', 'UTF8'),
    '{}', n % 5000 = 0, 'done', CASE WHEN asked IS NULL THEN '2025-' || n END, at, at, CASE WHEN n % 4 = 0 THEN 5 END,
    terminal, terminal || '-260105-' || n || '-E', matter, hall,
    CASE
        WHEN n % 5000 = 0 OR asked IS NOT NULL THEN 'complete'
        WHEN n % 2003 = 0 THEN 'supplement'
        WHEN n > :cases * 0.97 AND hall = 'hall-00' THEN (ARRAY['accepted', 'accepted', 'in-progress', 'received'])[1 + n % 4]
        WHEN n > :cases * 0.97 THEN (ARRAY['complete', 'accepted', 'in-progress', 'received'])[1 + n % 4]
        WHEN n % 50 = 0 THEN 'declined'
        ELSE 'approved'
    END, asked
FROM (
    SELECT n, md5('case' || n)::uuid::text AS uid,
        to_char(timestamp '2025-01-01' + n * interval '30 seconds', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') AS at,
        'T' || lpad((n % 10000)::text, 5, '0') AS terminal,
        'matter-' || lpad(floor(60 * power(random(), 3))::int::text, 2, '0') AS matter,
        'hall-' || lpad(floor(40 * power(random(), 3))::int::text, 2, '0') AS hall,
        CASE WHEN n % 20 = 11 THEN md5('asked' || n - 1)::uuid::text END AS asked
    FROM generate_series(:first, :cases) AS n
) AS one;

-- What is answered by the submission after it; those that still wait have no answer yet.
INSERT INTO supplement (id, uid, asked_at, asked_by, materials, note, due_on, answered_uid, answered_at)
SELECT md5('asked' || seq)::uuid::text, uid, received_at, 'li', '["household-register"]', '请重新拍户口簿首页',
    '2026-12-31', CASE WHEN seq % 20 = 10 THEN md5('case' || seq + 1)::uuid::text END,
    CASE WHEN seq % 20 = 10 THEN received_at END
FROM submission WHERE seq >= :first AND (seq % 20 = 10 OR stage = 'supplement');

INSERT INTO attachment (id, uid, material, media_type, bytes, sha256, position, "offset", complete)
SELECT md5('paper' || n)::uuid::text, md5('case' || n)::uuid::text, 'household-register', 'image/jpeg', 900000,
    repeat('a', 64), 0, 900000, true
FROM generate_series(:first, :cases) AS n;

INSERT INTO step (uid, at, code, staff)
SELECT md5('case' || n)::uuid::text, '2026-01-06T09:00:00+00:00', 'accepted', 'li'
FROM generate_series(:first, :cases) AS n;

INSERT INTO outbox (uid, event, made_at, attempts, next_try, delivered_at)
SELECT uid, 'complete', received_at, 1, 0, received_at
FROM submission WHERE seq >= :first AND NOT test AND supplement_of IS NULL;

INSERT INTO viewing (at, staff, what, uid, detail)
SELECT '2026-01-06T09:00:00+00:00', 'staff-' || floor(200 * power(random(), 3))::int, 'case',
    md5('case' || n)::uuid::text, ''
FROM generate_series(:first, :cases) AS n;

INSERT INTO terminal (key_id, code, public_key, added_at, hall)
SELECT lpad(n::text, 8, 'k'), 'T' || lpad(n::text, 5, '0'), 'x', '2025-01-01T00:00:00+00:00',
    'hall-' || lpad((n % 40)::text, 2, '0')
FROM generate_series(0, 9999) AS n;

INSERT INTO telemetry (terminal, kind, body, received_at)
SELECT 'T' || lpad(n::text, 5, '0'), 'heartbeat', '{"version":"0.4.0","waiting":0,"held":0,"oldest_seconds":0}',
    '2026-01-06T09:00:00+00:00'
FROM generate_series(0, 9999) AS n;

INSERT INTO hall (code, name)
SELECT 'hall-' || lpad(n::text, 2, '0'), n || '号便民服务中心' FROM generate_series(0, 39) AS n;

SELECT setval(pg_get_serial_sequence('submission', 'seq'), :cases);
