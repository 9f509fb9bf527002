-- gamification: what a season counts, and what it leaves out
CREATE INDEX point_entries_linked ON point_entries (brand_id, case_id) WHERE brake LIKE '%linked%';
CREATE INDEX point_entries_outcomes ON point_entries (brand_id, created_at) WHERE rule IN ('solved', 'thanked', 'reused');
