-- What the migrations end in, for reading. Written by scripts/write_schema.py; a test compares the two.

CREATE TYPE public.isocenter_arrival AS (
	place integer,
	rank integer,
	hash uuid,
	series_id integer,
	segment_id integer,
	instance_number integer,
	number_of_frames integer,
	rows integer,
	columns integer,
	bits_allocated integer,
	samples_per_pixel integer,
	member_offset bigint,
	data_set_offset bigint,
	data_set_length bigint,
	pixel_value_offset bigint,
	pixel_length bigint,
	header_length bigint,
	received_at timestamp with time zone,
	digest bytea,
	sop_instance_uid text,
	sop_class_uid text,
	transfer_syntax_uid text,
	photometric_interpretation text,
	calling_ae_title text,
	door text,
	warnings text
);

CREATE TYPE public.procrastinate_job_event_type AS ENUM (
    'deferred',
    'started',
    'deferred_for_retry',
    'failed',
    'succeeded',
    'cancelled',
    'abort_requested',
    'aborted',
    'scheduled',
    'retried'
);

CREATE TYPE public.procrastinate_job_status AS ENUM (
    'todo',
    'doing',
    'succeeded',
    'failed',
    'cancelled',
    'aborting',
    'aborted'
);

CREATE TYPE public.procrastinate_job_to_defer_v1 AS (
	queue_name character varying,
	task_name character varying,
	priority integer,
	lock text,
	queueing_lock text,
	args jsonb,
	scheduled_at timestamp with time zone
);

CREATE FUNCTION public.isocenter_admits() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT current_setting('isocenter.admission', true) = 'on' $$;

CREATE FUNCTION public.isocenter_arrived_after_deletion() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE deleted_study SET late_instance_count = late_instance_count + NEW.next_ordinal - OLD.next_ordinal
        WHERE institution_id = NEW.institution_id AND study_id = NEW.study_id;
    INSERT INTO quality_task (institution_id, study_id, kind, fingerprint, detail)
        VALUES (NEW.institution_id, NEW.study_id, 'arrived-after-deletion', '',
            jsonb_build_object('study_instance_uid', NEW.study_instance_uid))
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END;
$$;

CREATE FUNCTION public.isocenter_audit_digest(previous bytea, line text) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT sha256(convert_to(coalesce(encode(previous, 'hex'), '') || line, 'UTF8')) $$;

CREATE TABLE public.audit_event (
    sequence bigint NOT NULL,
    institution_id integer NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    caller_kind text NOT NULL COLLATE pg_catalog."C",
    caller_id text NOT NULL COLLATE pg_catalog."C",
    action text NOT NULL COLLATE pg_catalog."C",
    study_instance_uid text COLLATE pg_catalog."C",
    sitting text COLLATE pg_catalog."C",
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    roles text[] DEFAULT '{}'::text[] NOT NULL,
    outcome smallint DEFAULT 0 NOT NULL,
    address text COLLATE pg_catalog."C",
    chain integer NOT NULL,
    "position" bigint NOT NULL,
    digest bytea NOT NULL
);

ALTER TABLE ONLY public.audit_event FORCE ROW LEVEL SECURITY;

CREATE FUNCTION public.isocenter_audit_line(e public.audit_event) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT json_build_array(e.institution_id, e.chain, e.position, e.sequence,
        to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.caller_kind, e.caller_id, e.roles,
        e.action, e.outcome, e.address, e.study_instance_uid, e.sitting, e.detail)::text
$$;

CREATE FUNCTION public.isocenter_chain_audit_event() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    slots CONSTANT integer := 256;
    base CONSTANT bigint := (421::bigint << 48) + (NEW.institution_id::bigint << 16);
    slot integer := 0;
    head_position bigint;
    head_digest bytea;
BEGIN
    WHILE NOT pg_try_advisory_xact_lock(base + slot) LOOP
        slot := slot + 1;
        IF slot = slots THEN
            slot := pg_backend_pid() % slots;
            PERFORM pg_advisory_xact_lock(base + slot);
            EXIT;
        END IF;
    END LOOP;
    SELECT a.position, a.digest INTO head_position, head_digest FROM audit_event a
        WHERE a.institution_id = NEW.institution_id AND a.chain = slot ORDER BY a.position DESC LIMIT 1;
    IF head_position IS NULL THEN
        SELECT a.last_position, a.last_digest INTO head_position, head_digest FROM audit_archive a
            WHERE a.institution_id = NEW.institution_id AND a.chain = slot ORDER BY a.first_position DESC LIMIT 1;
    END IF;
    IF current_user = 'isocenter_app' THEN
        NEW.at := clock_timestamp();
    END IF;
    NEW.chain := slot;
    NEW.position := coalesce(head_position, 0) + 1;
    NEW.digest := isocenter_audit_digest(head_digest, isocenter_audit_line(NEW));
    RETURN NEW;
END;
$$;

CREATE FUNCTION public.isocenter_credential() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('isocenter.credential', true), '') $$;

CREATE FUNCTION public.isocenter_forget_audit_events(p_chain integer, p_last_position bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    removed bigint;
BEGIN
    DELETE FROM audit_event WHERE institution_id = isocenter_institution() AND chain = p_chain
        AND position <= p_last_position;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END;
$$;

CREATE FUNCTION public.isocenter_institution() RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('isocenter.institution_id', true), '')::integer $$;

CREATE FUNCTION public.isocenter_is_among(p_key integer, p_sorted integer[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT coalesce(p_sorted[width_bucket(p_key, p_sorted)] = p_key, false) $$;

CREATE FUNCTION public.isocenter_keep_audit_event() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '183 days' AND EXISTS (
        SELECT FROM audit_archive a WHERE a.institution_id = OLD.institution_id AND a.chain = OLD.chain
            AND OLD.position BETWEEN a.first_position AND a.last_position
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'IS015';
END;
$$;

CREATE FUNCTION public.isocenter_keeping_changes() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('isocenter.keeping'), isocenter_institution());
    RETURN NULL;
END;
$$;

CREATE FUNCTION public.isocenter_key_object_arrived() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    word text := 'read-key-objects/' || NEW.institution_id;
BEGIN
    INSERT INTO arrived_key_object (institution_id, study_id, sop_instance_uid, calling_ae_title)
        VALUES (NEW.institution_id, NEW.study_id, NEW.sop_instance_uid, NEW.calling_ae_title) ON CONFLICT DO NOTHING;
    BEGIN
        PERFORM procrastinate_defer_jobs_v1(ARRAY[ROW('promises', 'read-key-objects', 0, word, word,
            jsonb_build_object('institution_id', NEW.institution_id), NULL)::procrastinate_job_to_defer_v1]);
    EXCEPTION WHEN unique_violation THEN
        NULL;  -- one waits already
    END;
    RETURN NULL;
END;
$$;

CREATE FUNCTION public.isocenter_look_as(p_institution integer, p_user integer, p_every_patient boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    keys integer[];
BEGIN
    PERFORM set_config('isocenter.institution_id', p_institution::text, true),
        set_config('isocenter.sight', '', true);
    IF NOT p_every_patient THEN
        keys := ARRAY(SELECT isocenter_patients_of(p_user) ORDER BY 1);
        PERFORM set_config('isocenter.sight', 'shown', true), set_config('isocenter.patient_keys', keys::text, true);
    ELSIF EXISTS (SELECT FROM restricted_patient WHERE kind IN ('vip', 'staff')) THEN
        keys := ARRAY(SELECT r.patient_key FROM restricted_patient r WHERE r.kind IN ('vip', 'staff')
            EXCEPT SELECT isocenter_patients_of(p_user) ORDER BY 1);
        IF cardinality(keys) > 0 THEN
            PERFORM set_config('isocenter.sight', 'hidden', true),
                set_config('isocenter.patient_keys', keys::text, true);
        END IF;
    END IF;
END;
$$;

CREATE FUNCTION public.isocenter_look_as_guest(p_institution integer, p_modalities text[], p_since text) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    keys integer[];
BEGIN
    PERFORM set_config('isocenter.institution_id', p_institution::text, true),
        set_config('isocenter.sight', '', true);
    keys := ARRAY(SELECT DISTINCT r.patient_key FROM restricted_patient r
        WHERE r.kind IN ('vip', 'staff', 'no-sharing') ORDER BY 1);
    PERFORM set_config('isocenter.sight', 'guest', true), set_config('isocenter.patient_keys', keys::text, true),
        set_config('isocenter.shared_modalities', p_modalities::text, true),
        set_config('isocenter.shared_since', p_since, true);
END;
$$;

CREATE FUNCTION public.isocenter_patient_keys() RETURNS integer[]
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(nullif(current_setting('isocenter.patient_keys', true), ''), '{}')::integer[] $$;

CREATE FUNCTION public.isocenter_patients_of(p_user integer) RETURNS SETOF integer
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    keys integer[];
BEGIN
    IF p_user IS NULL THEN
        RETURN;
    END IF;
    keys := ARRAY(
        SELECT c.patient_key FROM care_relationship c WHERE c.user_id = p_user AND c.ended_at IS NULL
            AND c.since <= now() AND (c.until IS NULL OR c.until > now())
        UNION SELECT g.patient_key FROM broken_glass g WHERE g.user_id = p_user AND g.until > now());
    IF cardinality(keys) > 0 THEN
        RETURN QUERY WITH RECURSIVE known AS (
            SELECT unnest(keys) AS patient_key
            UNION
            SELECT n.patient_key FROM known k CROSS JOIN LATERAL (
                SELECT p.merged_into AS patient_key FROM patient p
                    WHERE p.patient_key = k.patient_key AND p.merged_into IS NOT NULL
                UNION ALL SELECT p.patient_key FROM patient p WHERE p.merged_into = k.patient_key
            ) n
        ) SELECT known.patient_key FROM known;
    END IF;
END;
$$;

CREATE FUNCTION public.isocenter_record(p_institution integer, p_studies integer[], p_counts integer[], p_received_at timestamp with time zone, p_arrivals public.isocenter_arrival[]) RETURNS integer[]
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    base integer;
    bases integer[];
    one isocenter_arrival;
    written integer;
BEGIN
    PERFORM set_config('isocenter.institution_id', p_institution::text, true);
    FOR place IN 1 .. cardinality(p_studies) LOOP
        UPDATE study s SET
            next_ordinal = s.next_ordinal + p_counts[place],
            instance_count = s.instance_count + p_counts[place],
            last_received_at = greatest(s.last_received_at, p_received_at),
            version = s.version + 1,
            state = 'open'
        WHERE s.institution_id = p_institution AND s.study_id = p_studies[place]
        RETURNING s.next_ordinal - p_counts[place] INTO base;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'study is gone' USING ERRCODE = 'IS001';
        END IF;
        bases := bases || base;
    END LOOP;
    IF cardinality(p_arrivals) = 1 THEN
        one := p_arrivals[1];
        INSERT INTO instance_lookup (institution_id, uid_hash, study_id, series_id, ordinal)
            VALUES (p_institution, one.hash, p_studies[1], one.series_id, base) ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written = 1 THEN
            INSERT INTO instance VALUES (
                p_institution, p_studies[1], base, one.series_id, one.segment_id, one.instance_number,
                one.number_of_frames, one.rows, one.columns, one.bits_allocated, one.samples_per_pixel,
                one.member_offset, one.data_set_offset, one.data_set_length, one.pixel_value_offset, one.pixel_length,
                one.header_length, one.received_at, one.digest, one.sop_instance_uid, one.sop_class_uid,
                one.transfer_syntax_uid, one.photometric_interpretation, one.calling_ae_title, one.door, one.warnings);
        END IF;
    ELSE
        INSERT INTO instance_lookup (institution_id, uid_hash, study_id, series_id, ordinal)
            SELECT p_institution, a.hash, p_studies[a.place], a.series_id, bases[a.place] + a.rank
            FROM unnest(p_arrivals) AS a ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written = cardinality(p_arrivals) THEN
            INSERT INTO instance
                SELECT p_institution, p_studies[a.place], bases[a.place] + a.rank, a.series_id, a.segment_id,
                    a.instance_number, a.number_of_frames, a.rows, a.columns, a.bits_allocated, a.samples_per_pixel,
                    a.member_offset, a.data_set_offset, a.data_set_length, a.pixel_value_offset, a.pixel_length,
                    a.header_length, a.received_at, a.digest, a.sop_instance_uid, a.sop_class_uid,
                    a.transfer_syntax_uid, a.photometric_interpretation, a.calling_ae_title, a.door, a.warnings
                FROM unnest(p_arrivals) AS a;
        END IF;
    END IF;
    IF written <> cardinality(p_arrivals) THEN
        RAISE EXCEPTION 'a UID is known already' USING ERRCODE = 'IS002';
    END IF;
    RETURN bases;
END;
$$;

CREATE FUNCTION public.isocenter_restrictions_followed() RETURNS TABLE(kind text, patient_key integer)
    LANGUAGE sql STABLE
    AS $$
    WITH RECURSIVE held AS (
        SELECT r.patient_key, r.kind FROM patient_restriction r WHERE r.lifted_at IS NULL
        UNION
        SELECT n.patient_key, h.kind FROM held h CROSS JOIN LATERAL (
            SELECT p.merged_into AS patient_key FROM patient p
                WHERE p.patient_key = h.patient_key AND p.merged_into IS NOT NULL
            UNION ALL SELECT p.patient_key FROM patient p WHERE p.merged_into = h.patient_key
        ) n
    ) SELECT held.kind, held.patient_key FROM held $$;

CREATE FUNCTION public.isocenter_sees_deleted() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(current_setting('isocenter.deleted', true), '') = 'shown' $$;

CREATE FUNCTION public.isocenter_sees_patient(p_patient_key integer) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE isocenter_sight()
        WHEN '' THEN true
        WHEN 'hidden' THEN NOT isocenter_is_among(p_patient_key, isocenter_patient_keys())
        WHEN 'shown' THEN isocenter_is_among(p_patient_key, isocenter_patient_keys())
        ELSE false END $$;

CREATE FUNCTION public.isocenter_sees_study(p_study_instance_uid text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE isocenter_sight()
        WHEN '' THEN true
        WHEN 'hidden' THEN p_study_instance_uid IS NULL OR NOT isocenter_study_has_patient(p_study_instance_uid)
        WHEN 'shown' THEN isocenter_study_has_patient(p_study_instance_uid)
        ELSE false END $$;

CREATE FUNCTION public.isocenter_server_life() RETURNS uuid
    LANGUAGE plpgsql
    AS $$
DECLARE
    found uuid;
BEGIN
    SELECT life_id INTO found FROM server_life;
    IF found IS NULL THEN
        INSERT INTO server_life DEFAULT VALUES ON CONFLICT DO NOTHING;
        SELECT life_id INTO found FROM server_life;
    END IF;
    RETURN found;
END;
$$;

CREATE FUNCTION public.isocenter_shared_modalities() RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(nullif(current_setting('isocenter.shared_modalities', true), ''), '{}')::text[] $$;

CREATE FUNCTION public.isocenter_shared_since() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(current_setting('isocenter.shared_since', true), '') $$;

CREATE FUNCTION public.isocenter_sight() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(current_setting('isocenter.sight', true), '') $$;

CREATE FUNCTION public.isocenter_study_has_patient(p_study_instance_uid text) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    sight text := isocenter_sight();
    deleted text := coalesce(current_setting('isocenter.deleted', true), '');
    found boolean;
BEGIN
    PERFORM set_config('isocenter.sight', '', true), set_config('isocenter.deleted', 'shown', true);
    found := EXISTS (SELECT FROM study s WHERE s.study_instance_uid = p_study_instance_uid
        AND s.patient_key = ANY (isocenter_patient_keys()));
    PERFORM set_config('isocenter.sight', sight, true), set_config('isocenter.deleted', deleted, true);
    RETURN found;
END;
$$;

CREATE FUNCTION public.isocenter_work_out_restricted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    sight text := isocenter_sight();
BEGIN
    -- No SET clause: before a setting of ours is known, only a superuser may name it there.
    PERFORM set_config('isocenter.sight', '', true);
    PERFORM pg_advisory_xact_lock(hashtext('isocenter.restricted'), isocenter_institution());
    DELETE FROM restricted_patient WHERE (kind, patient_key) NOT IN (SELECT * FROM isocenter_restrictions_followed());
    INSERT INTO restricted_patient (institution_id, kind, patient_key)
        SELECT isocenter_institution(), f.kind, f.patient_key FROM isocenter_restrictions_followed() f
        ON CONFLICT DO NOTHING;
    PERFORM set_config('isocenter.sight', sight, true);
    RETURN NULL;
END;
$$;

CREATE FUNCTION public.procrastinate_cancel_job_v1(job_id bigint, abort boolean, delete_job boolean) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status = 'todo'
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        IF abort THEN
            UPDATE procrastinate_jobs
            SET abort_requested = true,
                status = CASE status
                    WHEN 'todo' THEN 'cancelled'::procrastinate_job_status ELSE status
                END
            WHERE id = job_id AND status IN ('todo', 'doing')
            RETURNING id INTO _job_id;
        ELSE
            UPDATE procrastinate_jobs
            SET status = 'cancelled'::procrastinate_job_status
            WHERE id = job_id AND status = 'todo'
            RETURNING id INTO _job_id;
        END IF;
    END IF;
    RETURN _job_id;
END;
$$;

CREATE FUNCTION public.procrastinate_defer_jobs_v1(jobs public.procrastinate_job_to_defer_v1[]) RETURNS bigint[]
    LANGUAGE plpgsql
    AS $$
DECLARE
    job_ids bigint[];
BEGIN
    WITH inserted_jobs AS (
        INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)
        SELECT (job).queue_name,
               (job).task_name,
               (job).priority,
               (job).lock,
               (job).queueing_lock,
               (job).args,
               (job).scheduled_at
        FROM unnest(jobs) AS job
        RETURNING id
    )
    SELECT array_agg(id) FROM inserted_jobs INTO job_ids;

    RETURN job_ids;
END;
$$;

CREATE FUNCTION public.procrastinate_defer_periodic_job_v2(_queue_name character varying, _lock character varying, _queueing_lock character varying, _task_name character varying, _priority integer, _periodic_id character varying, _defer_timestamp bigint, _args jsonb) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
	_job_id bigint;
	_defer_id bigint;
BEGIN
    INSERT
        INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)
        VALUES (_task_name, _periodic_id, _defer_timestamp)
        ON CONFLICT DO NOTHING
        RETURNING id into _defer_id;

    IF _defer_id IS NULL THEN
        RETURN NULL;
    END IF;

    UPDATE procrastinate_periodic_defers
        SET job_id = (
            SELECT COALESCE((
                SELECT unnest(procrastinate_defer_jobs_v1(
                    ARRAY[
                        ROW(
                            _queue_name,
                            _task_name,
                            _priority,
                            _lock,
                            _queueing_lock,
                            _args,
                            NULL::timestamptz
                        )
                    ]::procrastinate_job_to_defer_v1[]
                ))
            ), NULL)
        )
        WHERE id = _defer_id
        RETURNING job_id INTO _job_id;

    DELETE
        FROM procrastinate_periodic_defers
        USING (
            SELECT id
            FROM procrastinate_periodic_defers
            WHERE procrastinate_periodic_defers.task_name = _task_name
            AND procrastinate_periodic_defers.periodic_id = _periodic_id
            AND procrastinate_periodic_defers.defer_timestamp < _defer_timestamp
            ORDER BY id
            FOR UPDATE
        ) to_delete
        WHERE procrastinate_periodic_defers.id = to_delete.id;

    RETURN _job_id;
END;
$$;

CREATE TABLE public.procrastinate_jobs (
    id bigint NOT NULL,
    queue_name character varying(128) NOT NULL,
    task_name character varying(128) NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    lock text,
    queueing_lock text,
    args jsonb DEFAULT '{}'::jsonb NOT NULL,
    status public.procrastinate_job_status DEFAULT 'todo'::public.procrastinate_job_status NOT NULL,
    scheduled_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    abort_requested boolean DEFAULT false NOT NULL,
    worker_id bigint,
    CONSTRAINT check_not_todo_abort_requested CHECK ((NOT ((status = 'todo'::public.procrastinate_job_status) AND (abort_requested = true))))
);

CREATE FUNCTION public.procrastinate_fetch_job_v2(target_queue_names character varying[], p_worker_id bigint) RETURNS public.procrastinate_jobs
    LANGUAGE plpgsql
    AS $$
DECLARE
	found_jobs procrastinate_jobs;
BEGIN
    WITH candidate AS (
        SELECT jobs.*
            FROM procrastinate_jobs AS jobs
            WHERE
                -- reject the job if its lock has earlier or higher priority jobs
                NOT EXISTS (
                    SELECT 1
                        FROM procrastinate_jobs AS other_jobs
                        WHERE
                            jobs.lock IS NOT NULL
                            AND other_jobs.lock = jobs.lock
                            AND (
                                -- job with same lock is already running
                                other_jobs.status = 'doing'
                                OR
                                -- job with same lock is waiting and has higher priority (or same priority but was queued first)
                                (
                                    other_jobs.status = 'todo'
                                    AND (
                                        other_jobs.priority > jobs.priority
                                        OR (
                                        other_jobs.priority = jobs.priority
                                        AND other_jobs.id < jobs.id
                                        )
                                    )
                                )
                            )
                )
                AND jobs.status = 'todo'
                AND (target_queue_names IS NULL OR jobs.queue_name = ANY( target_queue_names ))
                AND (jobs.scheduled_at IS NULL OR jobs.scheduled_at <= now())
            ORDER BY jobs.priority DESC, jobs.id ASC LIMIT 1
            FOR UPDATE OF jobs SKIP LOCKED
    )
    UPDATE procrastinate_jobs
        SET status = 'doing', worker_id = p_worker_id
        FROM candidate
        WHERE procrastinate_jobs.id = candidate.id
        RETURNING procrastinate_jobs.* INTO found_jobs;

 RETURN found_jobs;
END;
$$;

CREATE FUNCTION public.procrastinate_finish_job_v1(job_id bigint, end_status public.procrastinate_job_status, delete_job boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF end_status NOT IN ('succeeded', 'failed', 'aborted') THEN
        RAISE 'End status should be either "succeeded", "failed" or "aborted" (job id: %)', job_id;
    END IF;
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = end_status,
            abort_requested = false,
            attempts = CASE status
                WHEN 'doing' THEN attempts + 1 ELSE attempts
            END
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" or "todo" status (job id: %)', job_id;
    END IF;
END;
$$;

CREATE FUNCTION public.procrastinate_notify_queue_abort_job_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'abort_job_requested', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_notify_queue_job_inserted_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'job_inserted', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_prune_stalled_workers_v1(seconds_since_heartbeat double precision) RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN QUERY
    DELETE FROM procrastinate_workers
    WHERE last_heartbeat < NOW() - (seconds_since_heartbeat || 'SECOND')::INTERVAL
    RETURNING procrastinate_workers.id;
END;
$$;

CREATE FUNCTION public.procrastinate_register_worker_v1() RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN QUERY
    INSERT INTO procrastinate_workers DEFAULT VALUES
    RETURNING procrastinate_workers.id;
END;
$$;

CREATE FUNCTION public.procrastinate_retry_job_v1(job_id bigint, retry_at timestamp with time zone, new_priority integer, new_queue_name character varying, new_lock character varying) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
BEGIN
    SELECT abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status = 'doing'
    FOR UPDATE
    INTO _abort_requested;
    IF _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    END IF;

    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" status (job id: %)', job_id;
    END IF;
END;
$$;

CREATE FUNCTION public.procrastinate_retry_job_v2(job_id bigint, retry_at timestamp with time zone, new_priority integer, new_queue_name character varying, new_lock character varying) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
    _current_status procrastinate_job_status;
BEGIN
    SELECT status, abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status IN ('doing', 'failed')
    FOR UPDATE
    INTO _current_status, _abort_requested;
    IF _current_status = 'doing' AND _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status IN ('doing', 'failed')
        RETURNING id INTO _job_id;
    END IF;

    IF _job_id IS NULL THEN
        RAISE 'Job was not found or has an invalid status to retry (job id: %)', job_id;
    END IF;

END;
$$;

CREATE FUNCTION public.procrastinate_trigger_abort_requested_events_procedure_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'abort_requested'::procrastinate_job_event_type);
    RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_trigger_function_scheduled_events_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type, at)
        VALUES (NEW.id, 'scheduled'::procrastinate_job_event_type, NEW.scheduled_at);

	RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_trigger_function_status_events_insert_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'deferred'::procrastinate_job_event_type);
	RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_trigger_function_status_events_update_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    WITH t AS (
        SELECT CASE
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND NEW.status = 'doing'::procrastinate_job_status
                THEN 'started'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'deferred_for_retry'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'failed'::procrastinate_job_status
                THEN 'failed'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'succeeded'::procrastinate_job_status
                THEN 'succeeded'::procrastinate_job_event_type
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND (
                    NEW.status = 'cancelled'::procrastinate_job_status
                    OR NEW.status = 'failed'::procrastinate_job_status
                    OR NEW.status = 'succeeded'::procrastinate_job_status
                )
                THEN 'cancelled'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'aborted'::procrastinate_job_status
                THEN 'aborted'::procrastinate_job_event_type
            WHEN OLD.status = 'failed'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'retried'::procrastinate_job_event_type
            ELSE NULL
        END as event_type
    )
    INSERT INTO procrastinate_events(job_id, type)
        SELECT NEW.id, t.event_type
        FROM t
        WHERE t.event_type IS NOT NULL;
	RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_unlink_periodic_defers_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE procrastinate_periodic_defers
    SET job_id = NULL
    WHERE job_id = OLD.id;
    RETURN OLD;
END;
$$;

CREATE FUNCTION public.procrastinate_unregister_worker_v1(worker_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM procrastinate_workers
    WHERE id = worker_id;
END;
$$;

CREATE FUNCTION public.procrastinate_update_heartbeat_v1(worker_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE procrastinate_workers
    SET last_heartbeat = NOW()
    WHERE id = worker_id;
END;
$$;

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE public.alliance (
    alliance_id integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text NOT NULL COLLATE pg_catalog."C",
    ended_at timestamp with time zone
);

ALTER TABLE public.alliance ALTER COLUMN alliance_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.alliance_alliance_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.alliance_member (
    alliance_id integer NOT NULL,
    institution_id integer NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    until timestamp with time zone
);

CREATE TABLE public.answered_challenge (
    challenge bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.api_token (
    token_id integer NOT NULL,
    token_hash bytea NOT NULL,
    institution_id integer NOT NULL,
    label text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    roles text[] NOT NULL,
    scopes text[],
    client_id text COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.api_token FORCE ROW LEVEL SECURITY;

ALTER TABLE public.api_token ALTER COLUMN token_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.api_token_token_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.arrived_key_object (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    sop_instance_uid text NOT NULL COLLATE pg_catalog."C",
    calling_ae_title text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.arrived_key_object FORCE ROW LEVEL SECURITY;

CREATE TABLE public.aside_instance (
    institution_id integer NOT NULL,
    aside_id integer NOT NULL,
    study_id integer NOT NULL,
    reason text NOT NULL COLLATE pg_catalog."C",
    study_instance_uid text NOT NULL COLLATE pg_catalog."C",
    series_instance_uid text NOT NULL COLLATE pg_catalog."C",
    sop_instance_uid text NOT NULL COLLATE pg_catalog."C",
    sop_class_uid text NOT NULL COLLATE pg_catalog."C",
    transfer_syntax_uid text NOT NULL COLLATE pg_catalog."C",
    segment_id integer,
    member_offset bigint NOT NULL,
    data_set_offset bigint NOT NULL,
    data_set_length bigint NOT NULL,
    digest bytea NOT NULL,
    received_at timestamp with time zone NOT NULL,
    calling_ae_title text NOT NULL COLLATE pg_catalog."C",
    door text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.aside_instance FORCE ROW LEVEL SECURITY;

ALTER TABLE public.aside_instance ALTER COLUMN aside_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.aside_instance_aside_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.audit_anchor (
    institution_id integer NOT NULL,
    number bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    body bytea NOT NULL
);

ALTER TABLE ONLY public.audit_anchor FORCE ROW LEVEL SECURITY;

CREATE TABLE public.audit_archive (
    institution_id integer NOT NULL,
    chain integer NOT NULL,
    first_position bigint NOT NULL,
    last_position bigint NOT NULL,
    last_at timestamp with time zone NOT NULL,
    last_digest bytea NOT NULL,
    object_key text NOT NULL COLLATE pg_catalog."C",
    archived_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.audit_archive FORCE ROW LEVEL SECURITY;

ALTER TABLE public.audit_event ALTER COLUMN sequence ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_event_sequence_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.audit_shipped (
    institution_id integer NOT NULL,
    chain integer NOT NULL,
    "position" bigint NOT NULL
);

ALTER TABLE ONLY public.audit_shipped FORCE ROW LEVEL SECURITY;

CREATE TABLE public.authenticator_app (
    institution_id integer NOT NULL,
    user_id integer NOT NULL,
    sealed_seed bytea NOT NULL,
    pending_seed bytea,
    last_step bigint DEFAULT 0 NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    confirmed_at timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    failures_since timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.authenticator_app FORCE ROW LEVEL SECURITY;

CREATE TABLE public.availability_notice (
    institution_id integer NOT NULL,
    destination_id integer NOT NULL,
    study_instance_uid text NOT NULL COLLATE pg_catalog."C",
    wanted_at timestamp with time zone NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL COLLATE pg_catalog."C",
    attempts integer DEFAULT 0 NOT NULL,
    last_error text COLLATE pg_catalog."C",
    next_attempt_at timestamp with time zone DEFAULT now() NOT NULL,
    told_at timestamp with time zone
);

ALTER TABLE ONLY public.availability_notice FORCE ROW LEVEL SECURITY;

CREATE TABLE public.backup_made (
    backup_id text NOT NULL COLLATE pg_catalog."C",
    finished_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    node text NOT NULL COLLATE pg_catalog."C",
    with_packs boolean NOT NULL,
    object_count bigint NOT NULL
);

CREATE TABLE public.broken_glass (
    institution_id integer NOT NULL,
    glass_id integer NOT NULL,
    user_id integer NOT NULL,
    patient_key integer NOT NULL,
    reason text NOT NULL COLLATE pg_catalog."C",
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    until timestamp with time zone NOT NULL,
    reviewed_at timestamp with time zone,
    reviewed_by text COLLATE pg_catalog."C",
    judgement text COLLATE pg_catalog."C",
    note text COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.broken_glass FORCE ROW LEVEL SECURITY;

ALTER TABLE public.broken_glass ALTER COLUMN glass_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.broken_glass_glass_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.care_relationship (
    institution_id integer NOT NULL,
    care_id integer NOT NULL,
    user_id integer NOT NULL,
    patient_key integer NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    since timestamp with time zone DEFAULT now() NOT NULL,
    until timestamp with time zone,
    given_by text NOT NULL COLLATE pg_catalog."C",
    ended_at timestamp with time zone,
    ended_by text COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.care_relationship FORCE ROW LEVEL SECURITY;

ALTER TABLE public.care_relationship ALTER COLUMN care_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.care_relationship_care_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.checkpoint (
    node text NOT NULL COLLATE pg_catalog."C",
    epoch integer NOT NULL,
    sequence integer NOT NULL,
    end_offset bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.chosen_version (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    sop_instance_uid text NOT NULL COLLATE pg_catalog."C",
    digest bytea NOT NULL,
    correction_id integer NOT NULL,
    attributes jsonb DEFAULT '{}'::jsonb NOT NULL
);

ALTER TABLE ONLY public.chosen_version FORCE ROW LEVEL SECURITY;

CREATE TABLE public.commitment_request (
    institution_id integer NOT NULL,
    commitment_id integer NOT NULL,
    transaction_uid text NOT NULL COLLATE pg_catalog."C",
    calling_ae_title text NOT NULL COLLATE pg_catalog."C",
    called_ae_title text NOT NULL COLLATE pg_catalog."C",
    peer_address text NOT NULL COLLATE pg_catalog."C",
    references_asked jsonb NOT NULL,
    failures jsonb,
    state text DEFAULT 'waiting'::text NOT NULL COLLATE pg_catalog."C",
    asked integer DEFAULT 1 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    last_error text COLLATE pg_catalog."C",
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    next_attempt_at timestamp with time zone DEFAULT now() NOT NULL,
    reported_at timestamp with time zone
);

ALTER TABLE ONLY public.commitment_request FORCE ROW LEVEL SECURITY;

ALTER TABLE public.commitment_request ALTER COLUMN commitment_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.commitment_request_commitment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.correction (
    institution_id integer NOT NULL,
    correction_id integer NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    study_instance_uid text COLLATE pg_catalog."C",
    series_instance_uid text COLLATE pg_catalog."C",
    patient_key integer,
    into_patient_key integer,
    reason text NOT NULL COLLATE pg_catalog."C",
    before jsonb DEFAULT '{}'::jsonb NOT NULL,
    after jsonb DEFAULT '{}'::jsonb NOT NULL,
    object_key text COLLATE pg_catalog."C",
    caller_kind text NOT NULL COLLATE pg_catalog."C",
    caller_id text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    undone_at timestamp with time zone,
    undone_by text COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.correction FORCE ROW LEVEL SECURITY;

ALTER TABLE public.correction ALTER COLUMN correction_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.correction_correction_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.deleted_study (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    study_instance_uid text NOT NULL COLLATE pg_catalog."C",
    deleted_at timestamp with time zone NOT NULL,
    recoverable_until timestamp with time zone NOT NULL,
    reason text NOT NULL COLLATE pg_catalog."C",
    caller_kind text NOT NULL COLLATE pg_catalog."C",
    caller_id text NOT NULL COLLATE pg_catalog."C",
    late_instance_count integer DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY public.deleted_study FORCE ROW LEVEL SECURITY;

CREATE TABLE public.department (
    institution_id integer NOT NULL,
    department_id integer NOT NULL,
    code text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    other_name text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.department FORCE ROW LEVEL SECURITY;

ALTER TABLE public.department ALTER COLUMN department_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.department_department_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.destination (
    institution_id integer NOT NULL,
    destination_id integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    ae_title text NOT NULL COLLATE pg_catalog."C",
    host text NOT NULL COLLATE pg_catalog."C",
    port integer NOT NULL,
    calling_ae_title text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    transfer_syntaxes text DEFAULT 'stored'::text NOT NULL COLLATE pg_catalog."C",
    associations integer DEFAULT 1 NOT NULL,
    send_allowed boolean DEFAULT true NOT NULL,
    availability_since timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    tls boolean DEFAULT false NOT NULL,
    certificate text COLLATE pg_catalog."C",
    CONSTRAINT destination_certificate_check CHECK ((certificate ~ '^[0-9a-f]{64}$'::text))
);

ALTER TABLE ONLY public.destination FORCE ROW LEVEL SECURITY;

ALTER TABLE public.destination ALTER COLUMN destination_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.destination_destination_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.destruction (
    institution_id integer NOT NULL,
    destruction_id integer NOT NULL,
    reason text NOT NULL COLLATE pg_catalog."C",
    proposed_at timestamp with time zone DEFAULT now() NOT NULL,
    proposed_by text NOT NULL COLLATE pg_catalog."C",
    withdrawn_at timestamp with time zone,
    withdrawn_by text COLLATE pg_catalog."C",
    withdrawn_reason text COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.destruction FORCE ROW LEVEL SECURITY;

CREATE TABLE public.destruction_approval (
    institution_id integer NOT NULL,
    approval_id integer NOT NULL,
    destruction_id integer NOT NULL,
    approved_by text NOT NULL COLLATE pg_catalog."C",
    powers text[] NOT NULL,
    approved_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.destruction_approval FORCE ROW LEVEL SECURITY;

ALTER TABLE public.destruction_approval ALTER COLUMN approval_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.destruction_approval_approval_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.destruction ALTER COLUMN destruction_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.destruction_destruction_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.destruction_event (
    institution_id integer NOT NULL,
    event_id bigint NOT NULL,
    study_instance_uid text NOT NULL COLLATE pg_catalog."C",
    destruction_id integer,
    from_state text NOT NULL COLLATE pg_catalog."C",
    to_state text NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone DEFAULT now() NOT NULL,
    caller_kind text NOT NULL COLLATE pg_catalog."C",
    caller_id text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.destruction_event FORCE ROW LEVEL SECURITY;

ALTER TABLE public.destruction_event ALTER COLUMN event_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.destruction_event_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.destruction_study (
    institution_id integer NOT NULL,
    item_id integer NOT NULL,
    study_instance_uid text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    destruction_id integer,
    kept_until date NOT NULL,
    study_date text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    modalities text[] DEFAULT '{}'::text[] NOT NULL,
    instance_count integer DEFAULT 0 NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    record_id bigint,
    CONSTRAINT destruction_study_state_check CHECK ((state = ANY (ARRAY['due'::text, 'proposed'::text, 'approved-once'::text, 'approved'::text, 'held'::text, 'destroyed'::text])))
);

ALTER TABLE ONLY public.destruction_study FORCE ROW LEVEL SECURITY;

ALTER TABLE public.destruction_study ALTER COLUMN item_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.destruction_study_item_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.device (
    institution_id integer NOT NULL,
    device_id integer NOT NULL,
    department_id integer,
    name text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    ae_title text NOT NULL COLLATE pg_catalog."C",
    networks cidr[] DEFAULT '{}'::cidr[] NOT NULL,
    certificate text COLLATE pg_catalog."C",
    plain_allowed boolean DEFAULT true NOT NULL,
    may_store boolean DEFAULT true NOT NULL,
    may_query boolean DEFAULT true NOT NULL,
    active boolean DEFAULT true NOT NULL,
    host text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    port integer,
    tls boolean DEFAULT false NOT NULL,
    modality text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    room text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    manufacturer text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    station_name text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    default_character_set text COLLATE pg_catalog."C",
    issuer_of_patient_id text COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.device FORCE ROW LEVEL SECURITY;

CREATE TABLE public.device_contact (
    institution_id integer NOT NULL,
    device_id integer NOT NULL,
    last_seen_at timestamp with time zone,
    last_address text COLLATE pg_catalog."C",
    last_called_ae_title text COLLATE pg_catalog."C",
    last_encrypted boolean,
    first_store_asked_at timestamp with time zone,
    first_store jsonb
)
WITH (fillfactor='70');

ALTER TABLE ONLY public.device_contact FORCE ROW LEVEL SECURITY;

ALTER TABLE public.device ALTER COLUMN device_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.device_device_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.display_check (
    institution_id integer NOT NULL,
    display_check_id integer NOT NULL,
    reader text NOT NULL COLLATE pg_catalog."C",
    workstation text NOT NULL COLLATE pg_catalog."C",
    answers jsonb NOT NULL,
    screen jsonb NOT NULL,
    note text COLLATE pg_catalog."C",
    checked_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.display_check FORCE ROW LEVEL SECURITY;

ALTER TABLE public.display_check ALTER COLUMN display_check_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.display_check_display_check_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.display_check_rule (
    institution_id integer NOT NULL,
    due_after_days integer NOT NULL,
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    set_by text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT display_check_rule_due_after_days_check CHECK (((due_after_days >= 1) AND (due_after_days <= 3650)))
);

ALTER TABLE ONLY public.display_check_rule FORCE ROW LEVEL SECURITY;

CREATE TABLE public.enrolment (
    token_hash bytea NOT NULL,
    institution_id integer NOT NULL,
    username text COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    roles text[] NOT NULL,
    enrolment_id integer NOT NULL,
    display_name text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    department_id integer,
    issued_by text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.enrolment FORCE ROW LEVEL SECURITY;

ALTER TABLE public.enrolment ALTER COLUMN enrolment_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.enrolment_enrolment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.erased_instance (
    institution_id integer NOT NULL,
    sop_instance_uid text NOT NULL COLLATE pg_catalog."C",
    study_instance_uid text NOT NULL COLLATE pg_catalog."C",
    erased_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.erased_instance FORCE ROW LEVEL SECURITY;

CREATE TABLE public.erasure (
    institution_id integer NOT NULL,
    study_instance_uid text NOT NULL COLLATE pg_catalog."C",
    erased_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY public.erasure FORCE ROW LEVEL SECURITY;

CREATE TABLE public.erasure_record (
    institution_id integer NOT NULL,
    record_id bigint NOT NULL,
    study_instance_uid text NOT NULL COLLATE pg_catalog."C",
    sop_instance_uid text COLLATE pg_catalog."C",
    sop_instance_uids text[] NOT NULL,
    instance_count integer NOT NULL,
    erased_at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    caller_kind text NOT NULL COLLATE pg_catalog."C",
    caller_id text NOT NULL COLLATE pg_catalog."C",
    approvals text[] DEFAULT '{}'::text[] NOT NULL,
    objects jsonb NOT NULL,
    fact_sequence bigint NOT NULL,
    fact_digest text NOT NULL COLLATE pg_catalog."C",
    certified_at timestamp with time zone
);

ALTER TABLE ONLY public.erasure_record FORCE ROW LEVEL SECURITY;

ALTER TABLE public.erasure_record ALTER COLUMN record_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.erasure_record_record_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.event (
    sequence bigint NOT NULL,
    institution_id integer NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    transaction xid8 DEFAULT pg_current_xact_id() NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    study_instance_uid text COLLATE pg_catalog."C",
    detail jsonb DEFAULT '{}'::jsonb NOT NULL
);

ALTER TABLE ONLY public.event FORCE ROW LEVEL SECURITY;

ALTER TABLE public.event ALTER COLUMN sequence ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.event_sequence_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.failed_attempt (
    attempt_key bytea NOT NULL,
    failures integer NOT NULL,
    last_at timestamp with time zone NOT NULL
);

CREATE TABLE public.federated_identity (
    institution_id integer NOT NULL,
    provider_id integer NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    user_id integer NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.federated_identity FORCE ROW LEVEL SECURITY;

CREATE TABLE public.handed_over_view (
    institution_id integer NOT NULL,
    id_hash bytea NOT NULL,
    reader text NOT NULL COLLATE pg_catalog."C",
    study_instance_uid text NOT NULL COLLATE pg_catalog."C",
    view jsonb NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.handed_over_view FORCE ROW LEVEL SECURITY;

CREATE TABLE public.hanging_protocol (
    institution_id integer NOT NULL,
    hanging_protocol_id integer NOT NULL,
    reader text COLLATE pg_catalog."C",
    department_id integer,
    name text NOT NULL COLLATE pg_catalog."C",
    document jsonb NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_by text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT hanging_protocol_check CHECK (((reader IS NULL) OR (department_id IS NULL)))
);

ALTER TABLE ONLY public.hanging_protocol FORCE ROW LEVEL SECURITY;

ALTER TABLE public.hanging_protocol ALTER COLUMN hanging_protocol_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.hanging_protocol_hanging_protocol_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.hidden_instance (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    ordinal integer NOT NULL,
    series_id integer NOT NULL,
    number_of_frames integer NOT NULL,
    sop_instance_uid text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.hidden_instance FORCE ROW LEVEL SECURITY;

CREATE TABLE public.identity_provider (
    institution_id integer NOT NULL,
    provider_id integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    issuer text NOT NULL COLLATE pg_catalog."C",
    client_id text NOT NULL COLLATE pg_catalog."C",
    sealed_secret bytea,
    scopes text[] NOT NULL,
    second_factor text NOT NULL COLLATE pg_catalog."C",
    enabled boolean NOT NULL,
    shown boolean NOT NULL,
    username_claim text DEFAULT 'preferred_username'::text NOT NULL COLLATE pg_catalog."C",
    name_claim text DEFAULT 'name'::text NOT NULL COLLATE pg_catalog."C",
    role_claim text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    roles_by_value jsonb DEFAULT '{}'::jsonb NOT NULL,
    default_roles text[] DEFAULT '{}'::text[] NOT NULL,
    creates_accounts boolean DEFAULT false NOT NULL,
    matches_accounts boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT identity_provider_second_factor_check CHECK ((second_factor = ANY (ARRAY['asked'::text, 'told'::text, 'here'::text])))
);

ALTER TABLE ONLY public.identity_provider FORCE ROW LEVEL SECURITY;

ALTER TABLE public.identity_provider ALTER COLUMN provider_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.identity_provider_provider_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.instance (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    ordinal integer NOT NULL,
    series_id integer NOT NULL,
    segment_id integer NOT NULL,
    instance_number integer,
    number_of_frames integer NOT NULL,
    rows integer,
    columns integer,
    bits_allocated integer,
    samples_per_pixel integer,
    member_offset bigint NOT NULL,
    data_set_offset bigint NOT NULL,
    data_set_length bigint NOT NULL,
    pixel_value_offset bigint,
    pixel_length bigint,
    header_length bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    digest bytea NOT NULL,
    sop_instance_uid text NOT NULL COLLATE pg_catalog."C",
    sop_class_uid text NOT NULL COLLATE pg_catalog."C",
    transfer_syntax_uid text NOT NULL COLLATE pg_catalog."C",
    photometric_interpretation text COLLATE pg_catalog."C",
    calling_ae_title text NOT NULL COLLATE pg_catalog."C",
    door text NOT NULL COLLATE pg_catalog."C",
    warnings text COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.instance FORCE ROW LEVEL SECURITY;

CREATE TABLE public.instance_lookup (
    institution_id integer NOT NULL,
    uid_hash uuid NOT NULL,
    study_id integer NOT NULL,
    series_id integer NOT NULL,
    ordinal integer NOT NULL
);

ALTER TABLE ONLY public.instance_lookup FORCE ROW LEVEL SECURITY;

CREATE TABLE public.institution (
    institution_id integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    code text DEFAULT substr((gen_random_uuid())::text, 1, 8) NOT NULL COLLATE pg_catalog."C",
    other_name text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    deactivated_at timestamp with time zone,
    ae_title text COLLATE pg_catalog."C"
);

ALTER TABLE public.institution ALTER COLUMN institution_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.institution_institution_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.journal_wipe (
    institution_id integer NOT NULL,
    record_id bigint NOT NULL,
    node text NOT NULL COLLATE pg_catalog."C",
    member_count integer NOT NULL,
    segments text[] DEFAULT '{}'::text[] NOT NULL,
    wiped_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.journal_wipe FORCE ROW LEVEL SECURITY;

CREATE TABLE public.known_device (
    institution_id integer NOT NULL,
    user_id integer NOT NULL,
    device_hash bytea NOT NULL,
    last_used_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.known_device FORCE ROW LEVEL SECURITY;

CREATE TABLE public.measurement_draft (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    reader text NOT NULL COLLATE pg_catalog."C",
    revision integer NOT NULL,
    measurements jsonb NOT NULL,
    saved_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.measurement_draft FORCE ROW LEVEL SECURITY;

CREATE TABLE public.metered_day (
    institution_id integer NOT NULL,
    day date NOT NULL,
    studies bigint,
    instances bigint,
    packs bigint,
    packed_bytes bigint,
    open_bytes bigint,
    copy_bytes bigint,
    first_received bigint DEFAULT 0 NOT NULL,
    up_to_study_id integer DEFAULT 0 NOT NULL,
    counted_at timestamp with time zone,
    took_ms bigint DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY public.metered_day FORCE ROW LEVEL SECURITY;

CREATE TABLE public.node (
    node text NOT NULL COLLATE pg_catalog."C",
    home_id uuid NOT NULL,
    address text COLLATE pg_catalog."C",
    version text NOT NULL COLLATE pg_catalog."C",
    state text DEFAULT 'up'::text NOT NULL COLLATE pg_catalog."C",
    state_since timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    two_copies boolean DEFAULT false NOT NULL,
    alone_bytes bigint DEFAULT 0 NOT NULL,
    said_by text COLLATE pg_catalog."C"
);

CREATE TABLE public.oauth_client (
    institution_id integer NOT NULL,
    client_id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    roles text[] NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text NOT NULL COLLATE pg_catalog."C",
    ended_at timestamp with time zone,
    last_used_at timestamp with time zone
);

ALTER TABLE ONLY public.oauth_client FORCE ROW LEVEL SECURITY;

CREATE TABLE public.oauth_client_secret (
    institution_id integer NOT NULL,
    secret_id integer NOT NULL,
    client_id text NOT NULL COLLATE pg_catalog."C",
    secret_hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone,
    ended_at timestamp with time zone
);

ALTER TABLE ONLY public.oauth_client_secret FORCE ROW LEVEL SECURITY;

ALTER TABLE public.oauth_client_secret ALTER COLUMN secret_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.oauth_client_secret_secret_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.object_copy (
    institution_id integer NOT NULL,
    object_key text NOT NULL COLLATE pg_catalog."C",
    storage_id integer NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    size_bytes bigint NOT NULL,
    digest bytea NOT NULL,
    written_at timestamp with time zone DEFAULT now() NOT NULL,
    verified_at timestamp with time zone
);

ALTER TABLE ONLY public.object_copy FORCE ROW LEVEL SECURITY;

CREATE TABLE public.object_deletion (
    object_key text NOT NULL COLLATE pg_catalog."C",
    storage_id integer NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    kept_until timestamp with time zone
);

CREATE TABLE public.opaque_pack (
    object_key text NOT NULL COLLATE pg_catalog."C",
    since timestamp with time zone DEFAULT now() NOT NULL,
    failed_at timestamp with time zone,
    try_at timestamp with time zone
);

CREATE TABLE public.pack (
    institution_id integer NOT NULL,
    pack_id integer NOT NULL,
    study_id integer NOT NULL,
    object_key text NOT NULL COLLATE pg_catalog."C",
    size_bytes bigint NOT NULL,
    received_bytes bigint NOT NULL,
    instance_count integer NOT NULL,
    digest bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.pack FORCE ROW LEVEL SECURITY;

ALTER TABLE public.pack ALTER COLUMN pack_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.pack_pack_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.passkey (
    institution_id integer NOT NULL,
    passkey_id integer NOT NULL,
    user_id integer NOT NULL,
    credential_id bytea NOT NULL,
    rp_id text NOT NULL COLLATE pg_catalog."C",
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    transports text[] DEFAULT '{}'::text[] NOT NULL,
    backed_up boolean NOT NULL,
    label text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone
);

ALTER TABLE ONLY public.passkey FORCE ROW LEVEL SECURITY;

ALTER TABLE public.passkey ALTER COLUMN passkey_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.passkey_passkey_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.patient (
    institution_id integer NOT NULL,
    patient_key integer NOT NULL,
    patient_id text NOT NULL COLLATE pg_catalog."C",
    issuer_of_patient_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    patient_name text COLLATE pg_catalog."C",
    patient_birth_date text COLLATE pg_catalog."C",
    patient_sex text COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    merged_into integer
);

ALTER TABLE ONLY public.patient FORCE ROW LEVEL SECURITY;

CREATE TABLE public.patient_identifier (
    institution_id integer NOT NULL,
    patient_id text NOT NULL COLLATE pg_catalog."C",
    issuer_of_patient_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    patient_key integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.patient_identifier FORCE ROW LEVEL SECURITY;

ALTER TABLE public.patient ALTER COLUMN patient_key ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.patient_patient_key_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.patient_restriction (
    institution_id integer NOT NULL,
    restriction_id integer NOT NULL,
    patient_key integer NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL COLLATE pg_catalog."C",
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    set_by text NOT NULL COLLATE pg_catalog."C",
    lifted_at timestamp with time zone,
    lifted_by text COLLATE pg_catalog."C",
    lifted_reason text COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.patient_restriction FORCE ROW LEVEL SECURITY;

ALTER TABLE public.patient_restriction ALTER COLUMN restriction_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.patient_restriction_restriction_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.placement_policy (
    policy_id integer NOT NULL,
    rank integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    of_institution_id integer,
    modality text COLLATE pg_catalog."C",
    min_bytes bigint,
    older_than_days integer,
    unused_for_days integer,
    storage_ids integer[] NOT NULL,
    active boolean DEFAULT true NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.placement_policy ALTER COLUMN policy_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.placement_policy_policy_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.placement_position (
    institution_id integer NOT NULL,
    job text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL
);

ALTER TABLE ONLY public.placement_position FORCE ROW LEVEL SECURITY;

CREATE TABLE public.procrastinate_events (
    id bigint NOT NULL,
    job_id bigint NOT NULL,
    type public.procrastinate_job_event_type,
    at timestamp with time zone DEFAULT now()
);

CREATE SEQUENCE public.procrastinate_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.procrastinate_events_id_seq OWNED BY public.procrastinate_events.id;

CREATE SEQUENCE public.procrastinate_jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.procrastinate_jobs_id_seq OWNED BY public.procrastinate_jobs.id;

CREATE TABLE public.procrastinate_periodic_defers (
    id bigint NOT NULL,
    task_name character varying(128) NOT NULL,
    defer_timestamp bigint,
    job_id bigint,
    periodic_id character varying(128) DEFAULT ''::character varying NOT NULL
);

CREATE SEQUENCE public.procrastinate_periodic_defers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.procrastinate_periodic_defers_id_seq OWNED BY public.procrastinate_periodic_defers.id;

CREATE TABLE public.procrastinate_workers (
    id bigint NOT NULL,
    last_heartbeat timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.procrastinate_workers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.procrastinate_workers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.quality_task (
    institution_id integer NOT NULL,
    task_id integer NOT NULL,
    study_id integer NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    fingerprint text NOT NULL COLLATE pg_catalog."C",
    detail jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    resolved_at timestamp with time zone,
    resolution text COLLATE pg_catalog."C",
    note text COLLATE pg_catalog."C",
    resolved_by text COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.quality_task FORCE ROW LEVEL SECURITY;

ALTER TABLE public.quality_task ALTER COLUMN task_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.quality_task_task_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.reading_preferences (
    institution_id integer NOT NULL,
    reader text NOT NULL COLLATE pg_catalog."C",
    revision integer NOT NULL,
    preferences jsonb NOT NULL,
    saved_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.reading_preferences FORCE ROW LEVEL SECURITY;

CREATE TABLE public.recovery_code (
    institution_id integer NOT NULL,
    user_id integer NOT NULL,
    code_hash bytea NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone
);

ALTER TABLE ONLY public.recovery_code FORCE ROW LEVEL SECURITY;

CREATE TABLE public.refused_call (
    institution_id integer NOT NULL,
    refused_call_id integer NOT NULL,
    calling_ae_title text NOT NULL COLLATE pg_catalog."C",
    called_ae_title text NOT NULL COLLATE pg_catalog."C",
    address text NOT NULL COLLATE pg_catalog."C",
    certificate text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL COLLATE pg_catalog."C",
    calls integer NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.refused_call FORCE ROW LEVEL SECURITY;

ALTER TABLE public.refused_call ALTER COLUMN refused_call_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.refused_call_refused_call_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.region_key (
    name text NOT NULL COLLATE pg_catalog."C",
    fingerprint bytea NOT NULL
);

CREATE TABLE public.rejected_instance (
    institution_id integer NOT NULL,
    rejection_id integer NOT NULL,
    study_instance_uid text NOT NULL COLLATE pg_catalog."C",
    sop_instance_uid text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.rejected_instance FORCE ROW LEVEL SECURITY;

CREATE TABLE public.rejected_study (
    institution_id integer NOT NULL,
    study_instance_uid text NOT NULL COLLATE pg_catalog."C",
    refreshed_version bigint DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY public.rejected_study FORCE ROW LEVEL SECURITY;

CREATE TABLE public.rejection (
    institution_id integer NOT NULL,
    rejection_id integer NOT NULL,
    sop_instance_uid text NOT NULL COLLATE pg_catalog."C",
    study_instance_uid text NOT NULL COLLATE pg_catalog."C",
    code text NOT NULL COLLATE pg_catalog."C",
    instance_count integer NOT NULL,
    calling_ae_title text NOT NULL COLLATE pg_catalog."C",
    state text DEFAULT 'active'::text NOT NULL COLLATE pg_catalog."C",
    rejected_at timestamp with time zone DEFAULT now() NOT NULL,
    restored_at timestamp with time zone,
    restored_by text COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.rejection FORCE ROW LEVEL SECURITY;

ALTER TABLE public.rejection ALTER COLUMN rejection_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.rejection_rejection_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.restricted_patient (
    institution_id integer NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    patient_key integer NOT NULL
);

ALTER TABLE ONLY public.restricted_patient FORCE ROW LEVEL SECURITY;

CREATE TABLE public.retention_clock (
    only_one boolean DEFAULT true NOT NULL,
    seen_on date NOT NULL,
    confirmed_at timestamp with time zone,
    confirmed_by text COLLATE pg_catalog."C",
    CONSTRAINT retention_clock_only_one_check CHECK (only_one)
);

CREATE TABLE public.retention_policy (
    institution_id integer NOT NULL,
    policy_id integer NOT NULL,
    applies boolean NOT NULL,
    outpatient_years integer NOT NULL,
    inpatient_years integer NOT NULL,
    reason text NOT NULL COLLATE pg_catalog."C",
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    set_by text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT retention_policy_inpatient_years_check CHECK (((inpatient_years >= 0) AND (inpatient_years <= 200))),
    CONSTRAINT retention_policy_outpatient_years_check CHECK (((outpatient_years >= 0) AND (outpatient_years <= 200)))
);

ALTER TABLE ONLY public.retention_policy FORCE ROW LEVEL SECURITY;

ALTER TABLE public.retention_policy ALTER COLUMN policy_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.retention_policy_policy_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.scrub_finding (
    finding_id bigint NOT NULL,
    storage_id integer NOT NULL,
    object_key text NOT NULL COLLATE pg_catalog."C",
    found_at timestamp with time zone DEFAULT now() NOT NULL,
    problem text NOT NULL COLLATE pg_catalog."C",
    outcome text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE public.scrub_finding ALTER COLUMN finding_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.scrub_finding_finding_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.segment (
    segment_id integer NOT NULL,
    node text NOT NULL COLLATE pg_catalog."C",
    epoch integer NOT NULL,
    sequence integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.segment ALTER COLUMN segment_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.segment_segment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.series (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    series_id integer NOT NULL,
    series_instance_uid text NOT NULL COLLATE pg_catalog."C",
    modality text COLLATE pg_catalog."C",
    series_number integer,
    series_description text COLLATE pg_catalog."C",
    body_part_examined text COLLATE pg_catalog."C",
    laterality text COLLATE pg_catalog."C",
    protocol_name text COLLATE pg_catalog."C",
    station_name text COLLATE pg_catalog."C",
    sealed_instance_count integer DEFAULT 0 NOT NULL,
    sealed_frame_count integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.series FORCE ROW LEVEL SECURITY;

CREATE UNLOGGED TABLE public.server_life (
    only_one boolean DEFAULT true NOT NULL,
    life_id uuid DEFAULT gen_random_uuid() NOT NULL,
    CONSTRAINT server_life_only_one_check CHECK (only_one)
);

CREATE TABLE public.session (
    token_hash bytea NOT NULL,
    user_id integer NOT NULL,
    institution_id integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    user_agent text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    address text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    second_factor boolean DEFAULT false NOT NULL,
    method text DEFAULT 'password'::text NOT NULL COLLATE pg_catalog."C",
    confirmed_at timestamp with time zone
);

ALTER TABLE ONLY public.session FORCE ROW LEVEL SECURITY;

CREATE TABLE public.sharing_rule (
    rule_id integer NOT NULL,
    institution_id integer NOT NULL,
    ally_institution_id integer NOT NULL,
    roles text[] NOT NULL,
    purpose text NOT NULL COLLATE pg_catalog."C",
    modalities text[] DEFAULT '{}'::text[] NOT NULL,
    first_study_date text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    last_days integer,
    since timestamp with time zone DEFAULT now() NOT NULL,
    until timestamp with time zone,
    given_by text NOT NULL COLLATE pg_catalog."C",
    ended_at timestamp with time zone,
    ended_by text COLLATE pg_catalog."C",
    CONSTRAINT sharing_rule_check CHECK ((institution_id <> ally_institution_id))
);

ALTER TABLE ONLY public.sharing_rule FORCE ROW LEVEL SECURITY;

ALTER TABLE public.sharing_rule ALTER COLUMN rule_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.sharing_rule_rule_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.shipped_segment (
    node text NOT NULL COLLATE pg_catalog."C",
    epoch integer NOT NULL,
    sequence integer NOT NULL,
    size_bytes bigint NOT NULL,
    digest bytea NOT NULL,
    file_changed_ns bigint NOT NULL,
    shipped_at timestamp with time zone DEFAULT now() NOT NULL,
    unneeded_since timestamp with time zone
);

CREATE TABLE public.sign_in_policy (
    institution_id integer NOT NULL,
    second_factor text NOT NULL COLLATE pg_catalog."C",
    idle_minutes integer NOT NULL,
    session_hours integer NOT NULL,
    min_password_length integer NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_by text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT sign_in_policy_second_factor_check CHECK ((second_factor = ANY (ARRAY['required'::text, 'offered'::text])))
);

ALTER TABLE ONLY public.sign_in_policy FORCE ROW LEVEL SECURITY;

CREATE TABLE public.sign_in_reset (
    token_hash bytea NOT NULL,
    institution_id integer NOT NULL,
    user_id integer NOT NULL,
    forget_factors boolean NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

ALTER TABLE ONLY public.sign_in_reset FORCE ROW LEVEL SECURITY;

CREATE TABLE public.site_beat (
    beat smallint DEFAULT 1 NOT NULL,
    site text NOT NULL COLLATE pg_catalog."C",
    generation bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT site_beat_beat_check CHECK ((beat = 1))
);

CREATE TABLE public.site_change (
    number bigint NOT NULL,
    lane smallint NOT NULL,
    object_key text NOT NULL COLLATE pg_catalog."C",
    gone boolean DEFAULT false NOT NULL,
    size bigint DEFAULT 0 NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    not_before timestamp with time zone,
    problem text COLLATE pg_catalog."C"
);

ALTER TABLE public.site_change ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.site_change_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.site_comparison (
    number bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    digests boolean NOT NULL,
    account jsonb NOT NULL
);

ALTER TABLE public.site_comparison ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.site_comparison_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.site_copied (
    lane smallint NOT NULL,
    objects bigint DEFAULT 0 NOT NULL,
    bytes bigint DEFAULT 0 NOT NULL,
    removed bigint DEFAULT 0 NOT NULL,
    last_at timestamp with time zone
);

CREATE TABLE public.site_lead (
    generation bigint NOT NULL,
    site text NOT NULL COLLATE pg_catalog."C",
    since timestamp with time zone NOT NULL,
    account jsonb DEFAULT '{}'::jsonb NOT NULL
);

CREATE TABLE public.site_missing (
    object_key text NOT NULL COLLATE pg_catalog."C",
    size bigint NOT NULL,
    generation bigint NOT NULL,
    found_at timestamp with time zone
);

CREATE TABLE public.storage (
    storage_id integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    url text COLLATE pg_catalog."C",
    marker text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    credentials text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    role text NOT NULL COLLATE pg_catalog."C",
    state text DEFAULT 'active'::text NOT NULL COLLATE pg_catalog."C",
    retain_days integer DEFAULT 0 NOT NULL,
    max_bytes bigint,
    takes_records boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    verify_asked_at timestamp with time zone,
    object_count bigint DEFAULT 0 NOT NULL,
    byte_count bigint DEFAULT 0 NOT NULL,
    unverified_count bigint DEFAULT 0 NOT NULL,
    damaged_count bigint DEFAULT 0 NOT NULL,
    oldest_verified_at timestamp with time zone,
    counted_at timestamp with time zone
);

CREATE TABLE public.storage_alarm (
    kind text NOT NULL COLLATE pg_catalog."C",
    subject text NOT NULL COLLATE pg_catalog."C",
    since timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    ended_at timestamp with time zone
);

ALTER TABLE public.storage ALTER COLUMN storage_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.storage_storage_id_seq
    START WITH 2
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.study (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    study_instance_uid text NOT NULL COLLATE pg_catalog."C",
    patient_key integer,
    patient_id text COLLATE pg_catalog."C",
    issuer_of_patient_id text COLLATE pg_catalog."C",
    patient_name text COLLATE pg_catalog."C",
    patient_birth_date text COLLATE pg_catalog."C",
    patient_sex text COLLATE pg_catalog."C",
    study_date text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    study_time text COLLATE pg_catalog."C",
    accession_number text COLLATE pg_catalog."C",
    dicom_study_id text COLLATE pg_catalog."C",
    study_description text COLLATE pg_catalog."C",
    referring_physician_name text COLLATE pg_catalog."C",
    timezone_offset_from_utc text COLLATE pg_catalog."C",
    sort_name text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    modalities text[] DEFAULT '{}'::text[] NOT NULL,
    state text DEFAULT 'open'::text NOT NULL COLLATE pg_catalog."C",
    version bigint DEFAULT ((EXTRACT(epoch FROM clock_timestamp()) * (1000000)::numeric))::bigint NOT NULL,
    series_count integer DEFAULT 0 NOT NULL,
    instance_count integer DEFAULT 0 NOT NULL,
    next_ordinal integer DEFAULT 0 NOT NULL,
    first_received_at timestamp with time zone NOT NULL,
    last_received_at timestamp with time zone NOT NULL,
    token_rules smallint DEFAULT 0 NOT NULL,
    deleted_at timestamp with time zone,
    told_version bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='70');

ALTER TABLE ONLY public.study FORCE ROW LEVEL SECURITY;

CREATE TABLE public.study_correction (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    step bigint NOT NULL,
    correction_id integer NOT NULL,
    series_id integer,
    patient_key integer,
    replacements jsonb NOT NULL,
    reason_code text NOT NULL COLLATE pg_catalog."C",
    source text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.study_correction FORCE ROW LEVEL SECURITY;

ALTER TABLE public.study_correction ALTER COLUMN step ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.study_correction_step_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.study_modality (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    modality text NOT NULL COLLATE pg_catalog."C",
    study_date text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.study_modality FORCE ROW LEVEL SECURITY;

CREATE TABLE public.study_received (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    series_id integer DEFAULT 0 NOT NULL,
    received jsonb NOT NULL
);

ALTER TABLE ONLY public.study_received FORCE ROW LEVEL SECURITY;

ALTER TABLE public.study ALTER COLUMN study_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.study_study_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.study_token (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    kind "char" NOT NULL,
    token text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.study_token FORCE ROW LEVEL SECURITY;

CREATE TABLE public.study_use (
    institution_id integer NOT NULL,
    study_instance_uid text NOT NULL COLLATE pg_catalog."C",
    used_on date NOT NULL
);

ALTER TABLE ONLY public.study_use FORCE ROW LEVEL SECURITY;

CREATE TABLE public.suspect_copy (
    storage_id integer NOT NULL,
    object_key text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL COLLATE pg_catalog."C",
    since timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.transfer (
    institution_id integer NOT NULL,
    transfer_id integer NOT NULL,
    destination_id integer NOT NULL,
    destination_name text NOT NULL COLLATE pg_catalog."C",
    study_instance_uid text NOT NULL COLLATE pg_catalog."C",
    series_instance_uids text[] DEFAULT '{}'::text[] NOT NULL COLLATE pg_catalog."C",
    sop_instance_uids text[] DEFAULT '{}'::text[] NOT NULL COLLATE pg_catalog."C",
    state text DEFAULT 'waiting'::text NOT NULL COLLATE pg_catalog."C",
    total integer DEFAULT 0 NOT NULL,
    done integer DEFAULT 0 NOT NULL,
    failed integer DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    last_error text COLLATE pg_catalog."C",
    caller_kind text NOT NULL COLLATE pg_catalog."C",
    caller_id text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    next_attempt_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone
);

ALTER TABLE ONLY public.transfer FORCE ROW LEVEL SECURITY;

CREATE TABLE public.transfer_instance (
    institution_id integer NOT NULL,
    transfer_id integer NOT NULL,
    sop_instance_uid text NOT NULL COLLATE pg_catalog."C",
    status integer NOT NULL,
    comment text COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.transfer_instance FORCE ROW LEVEL SECURITY;

ALTER TABLE public.transfer ALTER COLUMN transfer_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.transfer_transfer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.user_account (
    user_id integer NOT NULL,
    institution_id integer NOT NULL,
    username text NOT NULL COLLATE pg_catalog."C",
    display_name text NOT NULL COLLATE pg_catalog."C",
    password_hash text COLLATE pg_catalog."C",
    language text DEFAULT 'en'::text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    disabled_at timestamp with time zone,
    department_id integer,
    external_id text COLLATE pg_catalog."C",
    withdrawn_at timestamp with time zone
);

ALTER TABLE ONLY public.user_account FORCE ROW LEVEL SECURITY;

ALTER TABLE public.user_account ALTER COLUMN user_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.user_account_user_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.user_role (
    institution_id integer NOT NULL,
    user_id integer NOT NULL,
    role text NOT NULL COLLATE pg_catalog."C",
    since timestamp with time zone DEFAULT now() NOT NULL,
    given_by text NOT NULL COLLATE pg_catalog."C",
    until timestamp with time zone,
    ended_by text COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.user_role FORCE ROW LEVEL SECURITY;

CREATE TABLE public.visit (
    institution_id integer NOT NULL,
    visit_id integer NOT NULL,
    patient_id text NOT NULL COLLATE pg_catalog."C",
    issuer_of_patient_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    number text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    began_on date NOT NULL,
    ended_on date,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    recorded_by text NOT NULL COLLATE pg_catalog."C",
    withdrawn_at timestamp with time zone,
    withdrawn_by text COLLATE pg_catalog."C",
    withdrawn_reason text COLLATE pg_catalog."C",
    CONSTRAINT visit_check CHECK (((ended_on IS NULL) OR ((ended_on >= began_on) AND (kind = 'stay'::text)))),
    CONSTRAINT visit_kind_check CHECK ((kind = ANY (ARRAY['visit'::text, 'stay'::text])))
);

ALTER TABLE ONLY public.visit FORCE ROW LEVEL SECURITY;

ALTER TABLE public.visit ALTER COLUMN visit_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.visit_visit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY public.procrastinate_events ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_events_id_seq'::regclass);

ALTER TABLE ONLY public.procrastinate_jobs ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_jobs_id_seq'::regclass);

ALTER TABLE ONLY public.procrastinate_periodic_defers ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_periodic_defers_id_seq'::regclass);

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.alliance_member
    ADD CONSTRAINT alliance_member_pkey PRIMARY KEY (alliance_id, institution_id, since);

ALTER TABLE ONLY public.alliance
    ADD CONSTRAINT alliance_name_key UNIQUE (name);

ALTER TABLE ONLY public.alliance
    ADD CONSTRAINT alliance_pkey PRIMARY KEY (alliance_id);

ALTER TABLE ONLY public.answered_challenge
    ADD CONSTRAINT answered_challenge_pkey PRIMARY KEY (challenge);

ALTER TABLE ONLY public.api_token
    ADD CONSTRAINT api_token_pkey PRIMARY KEY (token_id);

ALTER TABLE ONLY public.api_token
    ADD CONSTRAINT api_token_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.arrived_key_object
    ADD CONSTRAINT arrived_key_object_pkey PRIMARY KEY (institution_id, study_id, sop_instance_uid);

ALTER TABLE ONLY public.aside_instance
    ADD CONSTRAINT aside_instance_institution_id_study_id_sop_instance_uid_dig_key UNIQUE (institution_id, study_id, sop_instance_uid, digest);

ALTER TABLE ONLY public.aside_instance
    ADD CONSTRAINT aside_instance_pkey PRIMARY KEY (institution_id, aside_id);

ALTER TABLE ONLY public.audit_anchor
    ADD CONSTRAINT audit_anchor_pkey PRIMARY KEY (institution_id, number);

ALTER TABLE ONLY public.audit_archive
    ADD CONSTRAINT audit_archive_pkey PRIMARY KEY (institution_id, chain, first_position);

ALTER TABLE ONLY public.audit_event
    ADD CONSTRAINT audit_event_pkey PRIMARY KEY (sequence);

ALTER TABLE ONLY public.audit_shipped
    ADD CONSTRAINT audit_shipped_pkey PRIMARY KEY (institution_id, chain);

ALTER TABLE ONLY public.authenticator_app
    ADD CONSTRAINT authenticator_app_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.availability_notice
    ADD CONSTRAINT availability_notice_pkey PRIMARY KEY (institution_id, destination_id, study_instance_uid);

ALTER TABLE ONLY public.backup_made
    ADD CONSTRAINT backup_made_pkey PRIMARY KEY (finished_at, backup_id);

ALTER TABLE ONLY public.broken_glass
    ADD CONSTRAINT broken_glass_pkey PRIMARY KEY (institution_id, glass_id);

ALTER TABLE ONLY public.care_relationship
    ADD CONSTRAINT care_relationship_pkey PRIMARY KEY (institution_id, care_id);

ALTER TABLE ONLY public.checkpoint
    ADD CONSTRAINT checkpoint_pkey PRIMARY KEY (node, epoch);

ALTER TABLE ONLY public.chosen_version
    ADD CONSTRAINT chosen_version_pkey PRIMARY KEY (institution_id, study_id, sop_instance_uid);

ALTER TABLE ONLY public.commitment_request
    ADD CONSTRAINT commitment_request_institution_id_calling_ae_title_transact_key UNIQUE (institution_id, calling_ae_title, transaction_uid);

ALTER TABLE ONLY public.commitment_request
    ADD CONSTRAINT commitment_request_pkey PRIMARY KEY (institution_id, commitment_id);

ALTER TABLE ONLY public.correction
    ADD CONSTRAINT correction_pkey PRIMARY KEY (institution_id, correction_id);

ALTER TABLE ONLY public.deleted_study
    ADD CONSTRAINT deleted_study_pkey PRIMARY KEY (institution_id, study_id);

ALTER TABLE ONLY public.department
    ADD CONSTRAINT department_institution_id_code_key UNIQUE (institution_id, code);

ALTER TABLE ONLY public.department
    ADD CONSTRAINT department_institution_id_name_key UNIQUE (institution_id, name);

ALTER TABLE ONLY public.department
    ADD CONSTRAINT department_pkey PRIMARY KEY (institution_id, department_id);

ALTER TABLE ONLY public.destination
    ADD CONSTRAINT destination_institution_id_ae_title_key UNIQUE (institution_id, ae_title);

ALTER TABLE ONLY public.destination
    ADD CONSTRAINT destination_institution_id_name_key UNIQUE (institution_id, name);

ALTER TABLE ONLY public.destination
    ADD CONSTRAINT destination_pkey PRIMARY KEY (institution_id, destination_id);

ALTER TABLE ONLY public.destruction_approval
    ADD CONSTRAINT destruction_approval_institution_id_destruction_id_approved_key UNIQUE (institution_id, destruction_id, approved_by);

ALTER TABLE ONLY public.destruction_approval
    ADD CONSTRAINT destruction_approval_pkey PRIMARY KEY (institution_id, approval_id);

ALTER TABLE ONLY public.destruction_event
    ADD CONSTRAINT destruction_event_pkey PRIMARY KEY (institution_id, event_id);

ALTER TABLE ONLY public.destruction
    ADD CONSTRAINT destruction_pkey PRIMARY KEY (institution_id, destruction_id);

ALTER TABLE ONLY public.destruction_study
    ADD CONSTRAINT destruction_study_pkey PRIMARY KEY (institution_id, item_id);

ALTER TABLE ONLY public.device_contact
    ADD CONSTRAINT device_contact_pkey PRIMARY KEY (institution_id, device_id);

ALTER TABLE ONLY public.device
    ADD CONSTRAINT device_institution_id_ae_title_key UNIQUE (institution_id, ae_title);

ALTER TABLE ONLY public.device
    ADD CONSTRAINT device_pkey PRIMARY KEY (institution_id, device_id);

ALTER TABLE ONLY public.display_check
    ADD CONSTRAINT display_check_pkey PRIMARY KEY (institution_id, display_check_id);

ALTER TABLE ONLY public.display_check_rule
    ADD CONSTRAINT display_check_rule_pkey PRIMARY KEY (institution_id);

ALTER TABLE ONLY public.enrolment
    ADD CONSTRAINT enrolment_enrolment_id_key UNIQUE (enrolment_id);

ALTER TABLE ONLY public.enrolment
    ADD CONSTRAINT enrolment_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.erased_instance
    ADD CONSTRAINT erased_instance_pkey PRIMARY KEY (institution_id, sop_instance_uid);

ALTER TABLE ONLY public.erasure
    ADD CONSTRAINT erasure_pkey PRIMARY KEY (institution_id, study_instance_uid);

ALTER TABLE ONLY public.erasure_record
    ADD CONSTRAINT erasure_record_pkey PRIMARY KEY (institution_id, record_id);

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (sequence);

ALTER TABLE ONLY public.failed_attempt
    ADD CONSTRAINT failed_attempt_pkey PRIMARY KEY (attempt_key);

ALTER TABLE ONLY public.federated_identity
    ADD CONSTRAINT federated_identity_pkey PRIMARY KEY (provider_id, subject);

ALTER TABLE ONLY public.handed_over_view
    ADD CONSTRAINT handed_over_view_pkey PRIMARY KEY (institution_id, id_hash);

ALTER TABLE ONLY public.hanging_protocol
    ADD CONSTRAINT hanging_protocol_pkey PRIMARY KEY (institution_id, hanging_protocol_id);

ALTER TABLE ONLY public.hidden_instance
    ADD CONSTRAINT hidden_instance_pkey PRIMARY KEY (institution_id, study_id, ordinal);

ALTER TABLE ONLY public.identity_provider
    ADD CONSTRAINT identity_provider_institution_id_name_key UNIQUE (institution_id, name);

ALTER TABLE ONLY public.identity_provider
    ADD CONSTRAINT identity_provider_pkey PRIMARY KEY (provider_id);

ALTER TABLE ONLY public.instance_lookup
    ADD CONSTRAINT instance_lookup_pkey PRIMARY KEY (uid_hash);

ALTER TABLE ONLY public.instance
    ADD CONSTRAINT instance_pkey PRIMARY KEY (institution_id, study_id, ordinal);

ALTER TABLE ONLY public.institution
    ADD CONSTRAINT institution_ae_title_key UNIQUE (ae_title);

ALTER TABLE ONLY public.institution
    ADD CONSTRAINT institution_code_key UNIQUE (code);

ALTER TABLE ONLY public.institution
    ADD CONSTRAINT institution_name_key UNIQUE (name);

ALTER TABLE ONLY public.institution
    ADD CONSTRAINT institution_pkey PRIMARY KEY (institution_id);

ALTER TABLE ONLY public.journal_wipe
    ADD CONSTRAINT journal_wipe_pkey PRIMARY KEY (institution_id, record_id, node);

ALTER TABLE ONLY public.known_device
    ADD CONSTRAINT known_device_pkey PRIMARY KEY (user_id, device_hash);

ALTER TABLE ONLY public.measurement_draft
    ADD CONSTRAINT measurement_draft_pkey PRIMARY KEY (institution_id, study_id, reader);

ALTER TABLE ONLY public.metered_day
    ADD CONSTRAINT metered_day_pkey PRIMARY KEY (institution_id, day);

ALTER TABLE ONLY public.node
    ADD CONSTRAINT node_pkey PRIMARY KEY (node);

ALTER TABLE ONLY public.oauth_client
    ADD CONSTRAINT oauth_client_pkey PRIMARY KEY (client_id);

ALTER TABLE ONLY public.oauth_client_secret
    ADD CONSTRAINT oauth_client_secret_pkey PRIMARY KEY (secret_id);

ALTER TABLE ONLY public.object_copy
    ADD CONSTRAINT object_copy_pkey PRIMARY KEY (institution_id, object_key, storage_id);

ALTER TABLE ONLY public.object_deletion
    ADD CONSTRAINT object_deletion_pkey PRIMARY KEY (object_key, storage_id);

ALTER TABLE ONLY public.opaque_pack
    ADD CONSTRAINT opaque_pack_pkey PRIMARY KEY (object_key);

ALTER TABLE ONLY public.pack
    ADD CONSTRAINT pack_object_key_key UNIQUE (object_key);

ALTER TABLE ONLY public.pack
    ADD CONSTRAINT pack_pkey PRIMARY KEY (institution_id, pack_id);

ALTER TABLE ONLY public.passkey
    ADD CONSTRAINT passkey_credential_id_key UNIQUE (credential_id);

ALTER TABLE ONLY public.passkey
    ADD CONSTRAINT passkey_pkey PRIMARY KEY (passkey_id);

ALTER TABLE ONLY public.patient_identifier
    ADD CONSTRAINT patient_identifier_pkey PRIMARY KEY (institution_id, patient_id, issuer_of_patient_id);

ALTER TABLE ONLY public.patient
    ADD CONSTRAINT patient_institution_id_patient_id_issuer_of_patient_id_key UNIQUE (institution_id, patient_id, issuer_of_patient_id);

ALTER TABLE ONLY public.patient
    ADD CONSTRAINT patient_pkey PRIMARY KEY (institution_id, patient_key);

ALTER TABLE ONLY public.patient_restriction
    ADD CONSTRAINT patient_restriction_pkey PRIMARY KEY (institution_id, restriction_id);

ALTER TABLE ONLY public.placement_policy
    ADD CONSTRAINT placement_policy_name_key UNIQUE (name);

ALTER TABLE ONLY public.placement_policy
    ADD CONSTRAINT placement_policy_pkey PRIMARY KEY (policy_id);

ALTER TABLE ONLY public.placement_position
    ADD CONSTRAINT placement_position_pkey PRIMARY KEY (institution_id, job);

ALTER TABLE ONLY public.procrastinate_events
    ADD CONSTRAINT procrastinate_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.procrastinate_jobs
    ADD CONSTRAINT procrastinate_jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_unique UNIQUE (task_name, periodic_id, defer_timestamp);

ALTER TABLE ONLY public.procrastinate_workers
    ADD CONSTRAINT procrastinate_workers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.quality_task
    ADD CONSTRAINT quality_task_institution_id_study_id_kind_fingerprint_key UNIQUE (institution_id, study_id, kind, fingerprint);

ALTER TABLE ONLY public.quality_task
    ADD CONSTRAINT quality_task_pkey PRIMARY KEY (institution_id, task_id);

ALTER TABLE ONLY public.reading_preferences
    ADD CONSTRAINT reading_preferences_pkey PRIMARY KEY (institution_id, reader);

ALTER TABLE ONLY public.recovery_code
    ADD CONSTRAINT recovery_code_pkey PRIMARY KEY (user_id, code_hash);

ALTER TABLE ONLY public.refused_call
    ADD CONSTRAINT refused_call_institution_id_calling_ae_title_called_ae_titl_key UNIQUE (institution_id, calling_ae_title, called_ae_title, address, certificate, reason);

ALTER TABLE ONLY public.refused_call
    ADD CONSTRAINT refused_call_pkey PRIMARY KEY (institution_id, refused_call_id);

ALTER TABLE ONLY public.region_key
    ADD CONSTRAINT region_key_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.rejected_instance
    ADD CONSTRAINT rejected_instance_pkey PRIMARY KEY (institution_id, rejection_id, sop_instance_uid);

ALTER TABLE ONLY public.rejected_study
    ADD CONSTRAINT rejected_study_pkey PRIMARY KEY (institution_id, study_instance_uid);

ALTER TABLE ONLY public.rejection
    ADD CONSTRAINT rejection_institution_id_sop_instance_uid_key UNIQUE (institution_id, sop_instance_uid);

ALTER TABLE ONLY public.rejection
    ADD CONSTRAINT rejection_pkey PRIMARY KEY (institution_id, rejection_id);

ALTER TABLE ONLY public.restricted_patient
    ADD CONSTRAINT restricted_patient_pkey PRIMARY KEY (institution_id, kind, patient_key);

ALTER TABLE ONLY public.retention_clock
    ADD CONSTRAINT retention_clock_pkey PRIMARY KEY (only_one);

ALTER TABLE ONLY public.retention_policy
    ADD CONSTRAINT retention_policy_pkey PRIMARY KEY (institution_id, policy_id);

ALTER TABLE ONLY public.scrub_finding
    ADD CONSTRAINT scrub_finding_pkey PRIMARY KEY (finding_id);

ALTER TABLE ONLY public.segment
    ADD CONSTRAINT segment_node_epoch_sequence_key UNIQUE (node, epoch, sequence);

ALTER TABLE ONLY public.segment
    ADD CONSTRAINT segment_pkey PRIMARY KEY (segment_id);

ALTER TABLE ONLY public.series
    ADD CONSTRAINT series_institution_id_series_instance_uid_study_id_key UNIQUE (institution_id, series_instance_uid, study_id);

ALTER TABLE ONLY public.series
    ADD CONSTRAINT series_pkey PRIMARY KEY (institution_id, study_id, series_id);

ALTER TABLE ONLY public.server_life
    ADD CONSTRAINT server_life_pkey PRIMARY KEY (only_one);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.sharing_rule
    ADD CONSTRAINT sharing_rule_pkey PRIMARY KEY (rule_id);

ALTER TABLE ONLY public.shipped_segment
    ADD CONSTRAINT shipped_segment_pkey PRIMARY KEY (node, epoch, sequence);

ALTER TABLE ONLY public.sign_in_policy
    ADD CONSTRAINT sign_in_policy_pkey PRIMARY KEY (institution_id);

ALTER TABLE ONLY public.sign_in_reset
    ADD CONSTRAINT sign_in_reset_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.site_beat
    ADD CONSTRAINT site_beat_pkey PRIMARY KEY (beat);

ALTER TABLE ONLY public.site_change
    ADD CONSTRAINT site_change_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.site_comparison
    ADD CONSTRAINT site_comparison_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.site_copied
    ADD CONSTRAINT site_copied_pkey PRIMARY KEY (lane);

ALTER TABLE ONLY public.site_lead
    ADD CONSTRAINT site_lead_pkey PRIMARY KEY (generation);

ALTER TABLE ONLY public.site_missing
    ADD CONSTRAINT site_missing_pkey PRIMARY KEY (object_key);

ALTER TABLE ONLY public.storage_alarm
    ADD CONSTRAINT storage_alarm_pkey PRIMARY KEY (kind, subject);

ALTER TABLE ONLY public.storage
    ADD CONSTRAINT storage_name_key UNIQUE (name);

ALTER TABLE ONLY public.storage
    ADD CONSTRAINT storage_pkey PRIMARY KEY (storage_id);

ALTER TABLE ONLY public.study_correction
    ADD CONSTRAINT study_correction_pkey PRIMARY KEY (institution_id, study_id, step);

ALTER TABLE ONLY public.study
    ADD CONSTRAINT study_institution_id_study_instance_uid_key UNIQUE (institution_id, study_instance_uid);

ALTER TABLE ONLY public.study_modality
    ADD CONSTRAINT study_modality_pkey PRIMARY KEY (institution_id, modality, study_date, study_id);

ALTER TABLE ONLY public.study
    ADD CONSTRAINT study_pkey PRIMARY KEY (institution_id, study_id);

ALTER TABLE ONLY public.study_received
    ADD CONSTRAINT study_received_pkey PRIMARY KEY (institution_id, study_id, series_id);

ALTER TABLE ONLY public.study_token
    ADD CONSTRAINT study_token_pkey PRIMARY KEY (institution_id, token, kind, study_id);

ALTER TABLE ONLY public.study_use
    ADD CONSTRAINT study_use_pkey PRIMARY KEY (institution_id, study_instance_uid);

ALTER TABLE ONLY public.suspect_copy
    ADD CONSTRAINT suspect_copy_pkey PRIMARY KEY (storage_id, object_key);

ALTER TABLE ONLY public.transfer_instance
    ADD CONSTRAINT transfer_instance_pkey PRIMARY KEY (institution_id, transfer_id, sop_instance_uid);

ALTER TABLE ONLY public.transfer
    ADD CONSTRAINT transfer_pkey PRIMARY KEY (institution_id, transfer_id);

ALTER TABLE ONLY public.user_account
    ADD CONSTRAINT user_account_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.user_account
    ADD CONSTRAINT user_account_username_key UNIQUE (username);

ALTER TABLE ONLY public.user_role
    ADD CONSTRAINT user_role_pkey PRIMARY KEY (institution_id, user_id, role, since);

ALTER TABLE ONLY public.visit
    ADD CONSTRAINT visit_pkey PRIMARY KEY (institution_id, visit_id);

CREATE UNIQUE INDEX alliance_member_now ON public.alliance_member USING btree (institution_id, alliance_id) WHERE (until IS NULL);

CREATE INDEX api_token_by_client ON public.api_token USING btree (client_id, expires_at) WHERE (client_id IS NOT NULL);

CREATE INDEX audit_event_by_caller ON public.audit_event USING btree (institution_id, caller_id, sequence);

CREATE INDEX audit_event_by_study ON public.audit_event USING btree (institution_id, study_instance_uid, sequence) WHERE (study_instance_uid IS NOT NULL);

CREATE UNIQUE INDEX audit_event_chained ON public.audit_event USING btree (institution_id, chain, "position");

CREATE INDEX audit_event_in_order ON public.audit_event USING btree (institution_id, sequence);

CREATE UNIQUE INDEX audit_event_one_look ON public.audit_event USING btree (institution_id, caller_kind, caller_id, study_instance_uid, sitting) WHERE (action = 'study-opened'::text);

CREATE INDEX broken_glass_of_user ON public.broken_glass USING btree (institution_id, user_id, until);

CREATE INDEX broken_glass_to_review ON public.broken_glass USING btree (institution_id, glass_id) WHERE (reviewed_at IS NULL);

CREATE INDEX care_relationship_of_patient ON public.care_relationship USING btree (institution_id, patient_key, care_id);

CREATE INDEX care_relationship_of_user ON public.care_relationship USING btree (institution_id, user_id) WHERE (ended_at IS NULL);

CREATE INDEX commitment_unfinished ON public.commitment_request USING btree (institution_id, commitment_id) WHERE (state = 'waiting'::text);

CREATE INDEX correction_by_study ON public.correction USING btree (institution_id, study_instance_uid, correction_id);

CREATE INDEX correction_merges ON public.correction USING btree (institution_id, correction_id) WHERE (kind = 'merge'::text);

CREATE INDEX deleted_study_by_end ON public.deleted_study USING btree (institution_id, recoverable_until);

CREATE INDEX destruction_event_of_study ON public.destruction_event USING btree (institution_id, study_instance_uid, event_id);

CREATE INDEX destruction_study_in_state ON public.destruction_study USING btree (institution_id, state, kept_until, item_id);

CREATE INDEX destruction_study_of ON public.destruction_study USING btree (institution_id, destruction_id, item_id);

CREATE UNIQUE INDEX destruction_study_once ON public.destruction_study USING btree (institution_id, study_instance_uid) WHERE (state <> 'destroyed'::text);

CREATE INDEX display_check_last ON public.display_check USING btree (institution_id, reader, workstation, display_check_id);

CREATE INDEX erasure_record_of_study ON public.erasure_record USING btree (institution_id, study_instance_uid, record_id);

CREATE INDEX erasure_record_open ON public.erasure_record USING btree (institution_id, record_id) WHERE (certified_at IS NULL);

CREATE INDEX event_by_institution ON public.event USING btree (institution_id, sequence);

CREATE INDEX failed_attempt_by_time ON public.failed_attempt USING btree (last_at);

CREATE INDEX federated_identity_by_user ON public.federated_identity USING btree (user_id);

CREATE INDEX handed_over_view_ends ON public.handed_over_view USING btree (institution_id, expires_at);

CREATE INDEX hanging_protocol_of_department ON public.hanging_protocol USING btree (institution_id, department_id, hanging_protocol_id);

CREATE INDEX hanging_protocol_of_reader ON public.hanging_protocol USING btree (institution_id, reader, hanging_protocol_id);

CREATE INDEX idx_procrastinate_jobs_worker_not_null ON public.procrastinate_jobs USING btree (worker_id) WHERE ((worker_id IS NOT NULL) AND (status = 'doing'::public.procrastinate_job_status));

CREATE INDEX idx_procrastinate_workers_last_heartbeat ON public.procrastinate_workers USING btree (last_heartbeat);

CREATE INDEX oauth_client_by_institution ON public.oauth_client USING btree (institution_id);

CREATE INDEX oauth_client_secret_by_client ON public.oauth_client_secret USING btree (client_id) WHERE (ended_at IS NULL);

CREATE INDEX object_copy_by_storage ON public.object_copy USING btree (institution_id, storage_id, verified_at NULLS FIRST);

CREATE INDEX object_copy_not_verified ON public.object_copy USING btree (institution_id, state) WHERE (state <> 'verified'::text);

CREATE INDEX opaque_pack_due ON public.opaque_pack USING btree (try_at);

CREATE INDEX pack_by_study ON public.pack USING btree (institution_id, study_id);

CREATE INDEX passkey_by_user ON public.passkey USING btree (user_id);

CREATE INDEX patient_identifier_by_patient ON public.patient_identifier USING btree (institution_id, patient_key);

CREATE INDEX patient_merged ON public.patient USING btree (institution_id, merged_into) WHERE (merged_into IS NOT NULL);

CREATE UNIQUE INDEX patient_restriction_now ON public.patient_restriction USING btree (institution_id, patient_key, kind) WHERE (lifted_at IS NULL);

CREATE INDEX procrastinate_events_job_id_fkey_v1 ON public.procrastinate_events USING btree (job_id);

CREATE INDEX procrastinate_jobs_id_lock_idx_v1 ON public.procrastinate_jobs USING btree (id, lock) WHERE (status = ANY (ARRAY['todo'::public.procrastinate_job_status, 'doing'::public.procrastinate_job_status]));

CREATE UNIQUE INDEX procrastinate_jobs_lock_idx_v1 ON public.procrastinate_jobs USING btree (lock) WHERE (status = 'doing'::public.procrastinate_job_status);

CREATE INDEX procrastinate_jobs_priority_idx_v1 ON public.procrastinate_jobs USING btree (priority DESC, id) WHERE (status = 'todo'::public.procrastinate_job_status);

CREATE INDEX procrastinate_jobs_queue_name_idx_v1 ON public.procrastinate_jobs USING btree (queue_name);

CREATE UNIQUE INDEX procrastinate_jobs_queueing_lock_idx_v1 ON public.procrastinate_jobs USING btree (queueing_lock) WHERE (status = 'todo'::public.procrastinate_job_status);

CREATE INDEX procrastinate_periodic_defers_job_id_fkey_v1 ON public.procrastinate_periodic_defers USING btree (job_id);

CREATE INDEX quality_task_open ON public.quality_task USING btree (institution_id, task_id) WHERE (resolved_at IS NULL);

CREATE INDEX refused_call_by_time ON public.refused_call USING btree (institution_id, last_at);

CREATE INDEX rejected_instance_by_study ON public.rejected_instance USING btree (institution_id, study_instance_uid);

CREATE INDEX session_by_institution ON public.session USING btree (institution_id, last_seen_at);

CREATE INDEX session_by_user ON public.session USING btree (user_id);

CREATE INDEX sharing_rule_of_ally ON public.sharing_rule USING btree (ally_institution_id) WHERE (ended_at IS NULL);

CREATE INDEX sharing_rule_of_giver ON public.sharing_rule USING btree (institution_id, rule_id);

CREATE INDEX site_change_in_order ON public.site_change USING btree (lane, number);

CREATE INDEX site_change_of_object ON public.site_change USING btree (object_key, number);

CREATE INDEX study_by_accession_number ON public.study USING btree (institution_id, accession_number, study_id);

CREATE INDEX study_by_date ON public.study USING btree (institution_id, study_date, study_id);

CREATE INDEX study_by_name ON public.study USING btree (institution_id, sort_name, study_id);

CREATE INDEX study_by_patient ON public.study USING btree (institution_id, patient_key, study_id);

CREATE INDEX study_by_patient_id ON public.study USING btree (institution_id, patient_id, study_id);

CREATE INDEX study_correction_by_act ON public.study_correction USING btree (institution_id, correction_id);

CREATE INDEX study_open ON public.study USING btree (institution_id, study_id) WHERE (state = 'open'::text);

CREATE INDEX study_to_tokenise ON public.study USING btree (institution_id, study_id) WHERE (token_rules < 2);

CREATE INDEX transfer_unfinished ON public.transfer USING btree (institution_id, destination_id, transfer_id) WHERE (state = ANY (ARRAY['waiting'::text, 'sending'::text]));

CREATE INDEX user_account_by_institution ON public.user_account USING btree (institution_id, username);

CREATE UNIQUE INDEX user_role_held ON public.user_role USING btree (user_id, role) WHERE (until IS NULL);

CREATE INDEX visit_of_identifier ON public.visit USING btree (institution_id, patient_id, issuer_of_patient_id, visit_id);

CREATE UNIQUE INDEX visit_once ON public.visit USING btree (institution_id, patient_id, issuer_of_patient_id, kind, number, (
CASE
    WHEN (number = ''::text) THEN began_on
    ELSE '0001-01-01'::date
END)) WHERE (withdrawn_at IS NULL);

CREATE TRIGGER arrived_after_deletion AFTER UPDATE OF next_ordinal ON public.study FOR EACH ROW WHEN (((new.deleted_at IS NOT NULL) AND (new.next_ordinal > old.next_ordinal))) EXECUTE FUNCTION public.isocenter_arrived_after_deletion();

CREATE TRIGGER chained BEFORE INSERT ON public.audit_event FOR EACH ROW EXECUTE FUNCTION public.isocenter_chain_audit_event();

CREATE TRIGGER keeping_changes BEFORE UPDATE OF merged_into ON public.patient FOR EACH STATEMENT EXECUTE FUNCTION public.isocenter_keeping_changes();

CREATE TRIGGER keeping_changes BEFORE INSERT OR UPDATE ON public.patient_restriction FOR EACH STATEMENT EXECUTE FUNCTION public.isocenter_keeping_changes();

CREATE TRIGGER keeping_changes BEFORE INSERT ON public.retention_policy FOR EACH STATEMENT EXECUTE FUNCTION public.isocenter_keeping_changes();

CREATE TRIGGER keeping_changes BEFORE INSERT OR UPDATE ON public.visit FOR EACH STATEMENT EXECUTE FUNCTION public.isocenter_keeping_changes();

CREATE TRIGGER kept BEFORE DELETE OR UPDATE ON public.audit_event FOR EACH ROW EXECUTE FUNCTION public.isocenter_keep_audit_event();

CREATE TRIGGER kept_whole BEFORE TRUNCATE ON public.audit_event FOR EACH STATEMENT EXECUTE FUNCTION public.isocenter_keep_audit_event();

CREATE TRIGGER key_object_arrived AFTER INSERT ON public.instance FOR EACH ROW WHEN ((new.sop_class_uid = '1.2.840.10008.5.1.4.1.1.88.59'::text)) EXECUTE FUNCTION public.isocenter_key_object_arrived();

CREATE TRIGGER procrastinate_jobs_notify_queue_job_aborted_v1 AFTER UPDATE OF abort_requested ON public.procrastinate_jobs FOR EACH ROW WHEN (((old.abort_requested = false) AND (new.abort_requested = true) AND (new.status = 'doing'::public.procrastinate_job_status))) EXECUTE FUNCTION public.procrastinate_notify_queue_abort_job_v1();

CREATE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 AFTER INSERT ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.status = 'todo'::public.procrastinate_job_status)) EXECUTE FUNCTION public.procrastinate_notify_queue_job_inserted_v1();

CREATE TRIGGER procrastinate_trigger_abort_requested_events_v1 AFTER UPDATE OF abort_requested ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.abort_requested = true)) EXECUTE FUNCTION public.procrastinate_trigger_abort_requested_events_procedure_v1();

CREATE TRIGGER procrastinate_trigger_delete_jobs_v1 BEFORE DELETE ON public.procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION public.procrastinate_unlink_periodic_defers_v1();

CREATE TRIGGER procrastinate_trigger_scheduled_events_v1 AFTER INSERT OR UPDATE ON public.procrastinate_jobs FOR EACH ROW WHEN (((new.scheduled_at IS NOT NULL) AND (new.status = 'todo'::public.procrastinate_job_status))) EXECUTE FUNCTION public.procrastinate_trigger_function_scheduled_events_v1();

CREATE TRIGGER procrastinate_trigger_status_events_insert_v1 AFTER INSERT ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.status = 'todo'::public.procrastinate_job_status)) EXECUTE FUNCTION public.procrastinate_trigger_function_status_events_insert_v1();

CREATE TRIGGER procrastinate_trigger_status_events_update_v1 AFTER UPDATE OF status ON public.procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION public.procrastinate_trigger_function_status_events_update_v1();

CREATE TRIGGER work_out_restricted AFTER UPDATE OF merged_into ON public.patient FOR EACH STATEMENT EXECUTE FUNCTION public.isocenter_work_out_restricted();

CREATE TRIGGER work_out_restricted AFTER INSERT OR UPDATE ON public.patient_restriction FOR EACH STATEMENT EXECUTE FUNCTION public.isocenter_work_out_restricted();

ALTER TABLE ONLY public.alliance_member
    ADD CONSTRAINT alliance_member_alliance_id_fkey FOREIGN KEY (alliance_id) REFERENCES public.alliance(alliance_id);

ALTER TABLE ONLY public.alliance_member
    ADD CONSTRAINT alliance_member_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.api_token
    ADD CONSTRAINT api_token_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.oauth_client(client_id);

ALTER TABLE ONLY public.api_token
    ADD CONSTRAINT api_token_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.authenticator_app
    ADD CONSTRAINT authenticator_app_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.authenticator_app
    ADD CONSTRAINT authenticator_app_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.user_account(user_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.broken_glass
    ADD CONSTRAINT broken_glass_institution_id_patient_key_fkey FOREIGN KEY (institution_id, patient_key) REFERENCES public.patient(institution_id, patient_key);

ALTER TABLE ONLY public.broken_glass
    ADD CONSTRAINT broken_glass_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.user_account(user_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.care_relationship
    ADD CONSTRAINT care_relationship_institution_id_patient_key_fkey FOREIGN KEY (institution_id, patient_key) REFERENCES public.patient(institution_id, patient_key);

ALTER TABLE ONLY public.care_relationship
    ADD CONSTRAINT care_relationship_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.user_account(user_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.department
    ADD CONSTRAINT department_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.destination
    ADD CONSTRAINT destination_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.destruction_approval
    ADD CONSTRAINT destruction_approval_institution_id_destruction_id_fkey FOREIGN KEY (institution_id, destruction_id) REFERENCES public.destruction(institution_id, destruction_id);

ALTER TABLE ONLY public.destruction_study
    ADD CONSTRAINT destruction_study_institution_id_destruction_id_fkey FOREIGN KEY (institution_id, destruction_id) REFERENCES public.destruction(institution_id, destruction_id);

ALTER TABLE ONLY public.device_contact
    ADD CONSTRAINT device_contact_institution_id_device_id_fkey FOREIGN KEY (institution_id, device_id) REFERENCES public.device(institution_id, device_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.device
    ADD CONSTRAINT device_institution_id_department_id_fkey FOREIGN KEY (institution_id, department_id) REFERENCES public.department(institution_id, department_id);

ALTER TABLE ONLY public.device
    ADD CONSTRAINT device_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.enrolment
    ADD CONSTRAINT enrolment_institution_id_department_id_fkey FOREIGN KEY (institution_id, department_id) REFERENCES public.department(institution_id, department_id);

ALTER TABLE ONLY public.enrolment
    ADD CONSTRAINT enrolment_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.federated_identity
    ADD CONSTRAINT federated_identity_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.federated_identity
    ADD CONSTRAINT federated_identity_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES public.identity_provider(provider_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.federated_identity
    ADD CONSTRAINT federated_identity_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.user_account(user_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.hanging_protocol
    ADD CONSTRAINT hanging_protocol_institution_id_department_id_fkey FOREIGN KEY (institution_id, department_id) REFERENCES public.department(institution_id, department_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.identity_provider
    ADD CONSTRAINT identity_provider_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.journal_wipe
    ADD CONSTRAINT journal_wipe_institution_id_record_id_fkey FOREIGN KEY (institution_id, record_id) REFERENCES public.erasure_record(institution_id, record_id);

ALTER TABLE ONLY public.known_device
    ADD CONSTRAINT known_device_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.known_device
    ADD CONSTRAINT known_device_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.user_account(user_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_client
    ADD CONSTRAINT oauth_client_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.oauth_client_secret
    ADD CONSTRAINT oauth_client_secret_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.oauth_client(client_id);

ALTER TABLE ONLY public.oauth_client_secret
    ADD CONSTRAINT oauth_client_secret_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.object_copy
    ADD CONSTRAINT object_copy_storage_id_fkey FOREIGN KEY (storage_id) REFERENCES public.storage(storage_id);

ALTER TABLE ONLY public.object_deletion
    ADD CONSTRAINT object_deletion_storage_id_fkey FOREIGN KEY (storage_id) REFERENCES public.storage(storage_id);

ALTER TABLE ONLY public.opaque_pack
    ADD CONSTRAINT opaque_pack_object_key_fkey FOREIGN KEY (object_key) REFERENCES public.pack(object_key) ON DELETE CASCADE;

ALTER TABLE ONLY public.passkey
    ADD CONSTRAINT passkey_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.passkey
    ADD CONSTRAINT passkey_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.user_account(user_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.patient
    ADD CONSTRAINT patient_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.patient_restriction
    ADD CONSTRAINT patient_restriction_institution_id_patient_key_fkey FOREIGN KEY (institution_id, patient_key) REFERENCES public.patient(institution_id, patient_key);

ALTER TABLE ONLY public.placement_policy
    ADD CONSTRAINT placement_policy_of_institution_id_fkey FOREIGN KEY (of_institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.procrastinate_events
    ADD CONSTRAINT procrastinate_events_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.procrastinate_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.procrastinate_jobs
    ADD CONSTRAINT procrastinate_jobs_worker_id_fkey FOREIGN KEY (worker_id) REFERENCES public.procrastinate_workers(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.procrastinate_jobs(id);

ALTER TABLE ONLY public.recovery_code
    ADD CONSTRAINT recovery_code_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.recovery_code
    ADD CONSTRAINT recovery_code_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.user_account(user_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.refused_call
    ADD CONSTRAINT refused_call_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.scrub_finding
    ADD CONSTRAINT scrub_finding_storage_id_fkey FOREIGN KEY (storage_id) REFERENCES public.storage(storage_id);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.user_account(user_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sharing_rule
    ADD CONSTRAINT sharing_rule_ally_institution_id_fkey FOREIGN KEY (ally_institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.sharing_rule
    ADD CONSTRAINT sharing_rule_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.sign_in_policy
    ADD CONSTRAINT sign_in_policy_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.sign_in_reset
    ADD CONSTRAINT sign_in_reset_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.sign_in_reset
    ADD CONSTRAINT sign_in_reset_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.user_account(user_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.study
    ADD CONSTRAINT study_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.suspect_copy
    ADD CONSTRAINT suspect_copy_storage_id_fkey FOREIGN KEY (storage_id) REFERENCES public.storage(storage_id);

ALTER TABLE ONLY public.user_account
    ADD CONSTRAINT user_account_institution_id_department_id_fkey FOREIGN KEY (institution_id, department_id) REFERENCES public.department(institution_id, department_id);

ALTER TABLE ONLY public.user_account
    ADD CONSTRAINT user_account_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.user_role
    ADD CONSTRAINT user_role_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES public.institution(institution_id);

ALTER TABLE ONLY public.user_role
    ADD CONSTRAINT user_role_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.user_account(user_id) ON DELETE CASCADE;

CREATE POLICY admission ON public.device FOR SELECT USING (public.isocenter_admits());

CREATE POLICY admission ON public.device_contact FOR SELECT USING (public.isocenter_admits());

ALTER TABLE public.api_token ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.arrived_key_object ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.aside_instance ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_anchor ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_archive ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_event ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_shipped ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.authenticator_app ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.availability_notice ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.broken_glass ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.care_relationship ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.chosen_version ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.commitment_request ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.correction ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.deleted_study ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.department ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.destination ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.destruction ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.destruction_approval ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.destruction_event ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.destruction_study ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.device ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.device_contact ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.display_check ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.display_check_rule ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.enrolment ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.erased_instance ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.erasure ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.erasure_record ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.event ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.federated_identity ENABLE ROW LEVEL SECURITY;

CREATE POLICY for_the_ally ON public.sharing_rule FOR SELECT USING ((ally_institution_id = public.isocenter_institution()));

ALTER TABLE public.handed_over_view ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.hanging_protocol ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.hidden_instance ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.identity_provider ENABLE ROW LEVEL SECURITY;

CREATE POLICY in_sight ON public.aside_instance AS RESTRICTIVE FOR SELECT USING ((( SELECT (public.isocenter_sight() = ''::text)) OR (EXISTS ( SELECT
   FROM public.study s
  WHERE ((s.institution_id = aside_instance.institution_id) AND (s.study_id = aside_instance.study_id))))));

CREATE POLICY in_sight ON public.correction AS RESTRICTIVE FOR SELECT USING ((( SELECT (public.isocenter_sight() = ''::text)) OR (((study_instance_uid IS NULL) OR public.isocenter_sees_study(study_instance_uid)) AND ((patient_key IS NULL) OR public.isocenter_sees_patient(patient_key)) AND ((into_patient_key IS NULL) OR public.isocenter_sees_patient(into_patient_key)))));

CREATE POLICY in_sight ON public.event AS RESTRICTIVE FOR SELECT USING ((( SELECT (public.isocenter_sight() = ''::text)) OR public.isocenter_sees_study(study_instance_uid)));

CREATE POLICY in_sight ON public.patient AS RESTRICTIVE FOR SELECT USING ((( SELECT (public.isocenter_sight() = ''::text)) OR public.isocenter_sees_patient(patient_key)));

CREATE POLICY in_sight ON public.patient_identifier AS RESTRICTIVE FOR SELECT USING ((( SELECT (public.isocenter_sight() = ''::text)) OR public.isocenter_sees_patient(patient_key)));

CREATE POLICY in_sight ON public.quality_task AS RESTRICTIVE FOR SELECT USING ((( SELECT (public.isocenter_sight() = ''::text)) OR (EXISTS ( SELECT
   FROM public.study s
  WHERE ((s.institution_id = quality_task.institution_id) AND (s.study_id = quality_task.study_id))))));

CREATE POLICY in_sight ON public.rejection AS RESTRICTIVE FOR SELECT USING ((( SELECT (public.isocenter_sight() = ''::text)) OR public.isocenter_sees_study(study_instance_uid)));

CREATE POLICY in_sight ON public.study AS RESTRICTIVE FOR SELECT USING ((( SELECT (public.isocenter_sight() = ''::text)) OR
CASE ( SELECT public.isocenter_sight() AS isocenter_sight)
    WHEN 'shown'::text THEN COALESCE(((( SELECT public.isocenter_patient_keys() AS isocenter_patient_keys))[width_bucket(patient_key, ( SELECT public.isocenter_patient_keys() AS isocenter_patient_keys))] = patient_key), false)
    WHEN 'hidden'::text THEN (NOT COALESCE(((( SELECT public.isocenter_patient_keys() AS isocenter_patient_keys))[width_bucket(patient_key, ( SELECT public.isocenter_patient_keys() AS isocenter_patient_keys))] = patient_key), false))
    WHEN 'guest'::text THEN ((NOT COALESCE(((( SELECT public.isocenter_patient_keys() AS isocenter_patient_keys))[width_bucket(patient_key, ( SELECT public.isocenter_patient_keys() AS isocenter_patient_keys))] = patient_key), false)) AND (study_date >= ( SELECT public.isocenter_shared_since() AS isocenter_shared_since)) AND (( SELECT (cardinality(public.isocenter_shared_modalities()) = 0)) OR (modalities && ( SELECT public.isocenter_shared_modalities() AS isocenter_shared_modalities))))
    ELSE false
END));

CREATE POLICY in_sight ON public.transfer AS RESTRICTIVE FOR SELECT USING ((( SELECT (public.isocenter_sight() = ''::text)) OR public.isocenter_sees_study(study_instance_uid)));

CREATE POLICY inside_institution ON public.api_token USING (((institution_id = public.isocenter_institution()) OR (encode(token_hash, 'hex'::text) = public.isocenter_credential()))) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.arrived_key_object USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.aside_instance USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.audit_anchor USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.audit_archive USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.audit_event USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.audit_shipped USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.authenticator_app USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.availability_notice USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.broken_glass USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.care_relationship USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.chosen_version USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.commitment_request USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.correction USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.deleted_study USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.department USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.destination USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.destruction USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.destruction_approval USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.destruction_event USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.destruction_study USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.device USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.device_contact USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.display_check USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.display_check_rule USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.enrolment USING (((institution_id = public.isocenter_institution()) OR (encode(token_hash, 'hex'::text) = public.isocenter_credential()))) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.erased_instance USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.erasure USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.erasure_record USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.event USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.federated_identity USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.handed_over_view USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.hanging_protocol USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.hidden_instance USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.identity_provider USING (((institution_id = public.isocenter_institution()) OR (public.isocenter_credential() = 'identity-providers:'::text))) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.instance USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.instance_lookup USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.journal_wipe USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.known_device USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.measurement_draft USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.metered_day USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.oauth_client USING (((institution_id = public.isocenter_institution()) OR (client_id = public.isocenter_credential()))) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.oauth_client_secret USING (((institution_id = public.isocenter_institution()) OR (client_id = public.isocenter_credential()))) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.object_copy USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.pack USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.passkey USING (((institution_id = public.isocenter_institution()) OR (encode(credential_id, 'hex'::text) = public.isocenter_credential()))) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.patient USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.patient_identifier USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.patient_restriction USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.placement_position USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.quality_task USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.reading_preferences USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.recovery_code USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.refused_call USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.rejected_instance USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.rejected_study USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.rejection USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.restricted_patient USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.retention_policy USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.series USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.session USING (((institution_id = public.isocenter_institution()) OR (encode(token_hash, 'hex'::text) = public.isocenter_credential()))) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.sharing_rule USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.sign_in_policy USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.sign_in_reset USING (((institution_id = public.isocenter_institution()) OR (encode(token_hash, 'hex'::text) = public.isocenter_credential()))) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.study USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.study_correction USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.study_modality USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.study_received USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.study_token USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.study_use USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.transfer USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.transfer_instance USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.user_account USING (((institution_id = public.isocenter_institution()) OR (username = public.isocenter_credential()))) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.user_role USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

CREATE POLICY inside_institution ON public.visit USING ((institution_id = public.isocenter_institution())) WITH CHECK ((institution_id = public.isocenter_institution()));

ALTER TABLE public.instance ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.instance_lookup ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.journal_wipe ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.known_device ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.measurement_draft ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.metered_day ENABLE ROW LEVEL SECURITY;

CREATE POLICY not_deleted ON public.study AS RESTRICTIVE USING (((deleted_at IS NULL) OR public.isocenter_sees_deleted()));

ALTER TABLE public.oauth_client ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.oauth_client_secret ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.object_copy ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.pack ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.passkey ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.patient ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.patient_identifier ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.patient_restriction ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.placement_position ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.quality_task ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.reading_preferences ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.recovery_code ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.refused_call ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.rejected_instance ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.rejected_study ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.rejection ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.restricted_patient ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.retention_policy ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.series ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.session ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sharing_rule ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sign_in_policy ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sign_in_reset ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.study ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.study_correction ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.study_modality ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.study_received ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.study_token ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.study_use ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.transfer ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.transfer_instance ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.user_account ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.user_role ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.visit ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA public TO isocenter_app;

GRANT SELECT,INSERT ON TABLE public.audit_event TO isocenter_app;

REVOKE ALL ON FUNCTION public.isocenter_forget_audit_events(p_chain integer, p_last_position bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.isocenter_forget_audit_events(p_chain integer, p_last_position bigint) TO isocenter_app;

REVOKE ALL ON FUNCTION public.isocenter_record(p_institution integer, p_studies integer[], p_counts integer[], p_received_at timestamp with time zone, p_arrivals public.isocenter_arrival[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.isocenter_record(p_institution integer, p_studies integer[], p_counts integer[], p_received_at timestamp with time zone, p_arrivals public.isocenter_arrival[]) TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.procrastinate_jobs TO isocenter_app;

GRANT SELECT ON TABLE public.alembic_version TO isocenter_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.alliance TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.alliance_alliance_id_seq TO isocenter_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.alliance_member TO isocenter_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.answered_challenge TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.api_token TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.api_token_token_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.arrived_key_object TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.aside_instance TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.aside_instance_aside_id_seq TO isocenter_app;

GRANT SELECT,INSERT ON TABLE public.audit_anchor TO isocenter_app;

GRANT SELECT,INSERT ON TABLE public.audit_archive TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.audit_event_sequence_seq TO isocenter_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.audit_shipped TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.authenticator_app TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.availability_notice TO isocenter_app;

GRANT SELECT,INSERT ON TABLE public.backup_made TO isocenter_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.broken_glass TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.broken_glass_glass_id_seq TO isocenter_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.care_relationship TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.care_relationship_care_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.checkpoint TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.chosen_version TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.commitment_request TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.commitment_request_commitment_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.correction TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.correction_correction_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.deleted_study TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.department TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.department_department_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.destination TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.destination_destination_id_seq TO isocenter_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.destruction TO isocenter_app;

GRANT SELECT,INSERT ON TABLE public.destruction_approval TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.destruction_approval_approval_id_seq TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.destruction_destruction_id_seq TO isocenter_app;

GRANT SELECT,INSERT ON TABLE public.destruction_event TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.destruction_event_event_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.destruction_study TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.destruction_study_item_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.device TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.device_contact TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.device_device_id_seq TO isocenter_app;

GRANT SELECT,INSERT ON TABLE public.display_check TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.display_check_rule TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.enrolment TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.enrolment_enrolment_id_seq TO isocenter_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.erased_instance TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.erasure TO isocenter_app;

GRANT SELECT,INSERT ON TABLE public.erasure_record TO isocenter_app;

GRANT UPDATE(certified_at) ON TABLE public.erasure_record TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.erasure_record_record_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.event TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.event_sequence_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.failed_attempt TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.federated_identity TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.handed_over_view TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.hanging_protocol TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.hidden_instance TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.identity_provider TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.identity_provider_provider_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.instance TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.instance_lookup TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.institution TO isocenter_app;

GRANT UPDATE(ae_title) ON TABLE public.institution TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.institution_institution_id_seq TO isocenter_app;

GRANT SELECT,INSERT ON TABLE public.journal_wipe TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.known_device TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.measurement_draft TO isocenter_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.metered_day TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.node TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.oauth_client TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.oauth_client_secret TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.oauth_client_secret_secret_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.object_copy TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.object_deletion TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.opaque_pack TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.pack TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.pack_pack_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.passkey TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.passkey_passkey_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.patient TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.patient_identifier TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.patient_patient_key_seq TO isocenter_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.patient_restriction TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.patient_restriction_restriction_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.placement_policy TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.placement_policy_policy_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.placement_position TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.procrastinate_events TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.procrastinate_events_id_seq TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.procrastinate_jobs_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.procrastinate_periodic_defers TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.procrastinate_periodic_defers_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.procrastinate_workers TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.procrastinate_workers_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.quality_task TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.quality_task_task_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.reading_preferences TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.recovery_code TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.refused_call TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.refused_call_refused_call_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.region_key TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rejected_instance TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rejected_study TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rejection TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.rejection_rejection_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.restricted_patient TO isocenter_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.retention_clock TO isocenter_app;

GRANT SELECT,INSERT ON TABLE public.retention_policy TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.retention_policy_policy_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.scrub_finding TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.scrub_finding_finding_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.segment TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.segment_segment_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.series TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.server_life TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.session TO isocenter_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.sharing_rule TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.sharing_rule_rule_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.shipped_segment TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sign_in_policy TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sign_in_reset TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.site_beat TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.site_change TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.site_change_number_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.site_comparison TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.site_comparison_number_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.site_copied TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.site_lead TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.site_missing TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.storage TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.storage_alarm TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.storage_storage_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.study TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.study_correction TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.study_correction_step_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.study_modality TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.study_received TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.study_study_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.study_token TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.study_use TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.suspect_copy TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.transfer TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.transfer_instance TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.transfer_transfer_id_seq TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.user_account TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.user_account_user_id_seq TO isocenter_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.user_role TO isocenter_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.visit TO isocenter_app;

GRANT SELECT,USAGE ON SEQUENCE public.visit_visit_id_seq TO isocenter_app;
