-- Which rules the tokens of a study were made by (isocenter.index.tokens.TOKEN_RULES). The worker makes those of older
-- rules anew; the partial index is empty when none are left, and an arriving instance never touches it.
ALTER TABLE study ADD COLUMN token_rules smallint NOT NULL DEFAULT 0;
CREATE INDEX study_to_tokenise ON study (institution_id, study_id) WHERE token_rules < 1;

-- A query at the patient level counts the studies of each patient.
CREATE INDEX study_by_patient ON study (institution_id, patient_key, study_id);

-- The change feed of one institution, in order.
CREATE INDEX event_by_institution ON event (institution_id, sequence);
