UPDATE cases SET asked_at = (
	SELECT MIN(m.created_at) FROM mentions AS m
	WHERE m.case_id = cases.id AND NOT m.ours AND m.score <> '' AND json_extract(m.score, '$.question') >= 0.5
);
