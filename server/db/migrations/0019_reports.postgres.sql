UPDATE cases SET asked_at = asked.at FROM (
	SELECT case_id, MIN(created_at) AS at FROM mentions
	WHERE case_id IS NOT NULL AND NOT ours AND score <> '' AND (score::json ->> 'question')::float8 >= 0.5
	GROUP BY case_id
) AS asked WHERE asked.case_id = cases.id;
