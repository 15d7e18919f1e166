-- Recording names one institution in every statement, so that policies have nothing to say there; they cost more than a
-- quarter of it (docs/decisions/0397). An owner who is bound by row-level security, of somebody else's server say, stays bound.
ALTER FUNCTION isocenter_record(integer, integer[], integer[], timestamptz, isocenter_arrival[])
    SECURITY DEFINER SET search_path = public, pg_temp;
REVOKE EXECUTE ON FUNCTION isocenter_record(integer, integer[], integer[], timestamptz, isocenter_arrival[])
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION isocenter_record(integer, integer[], integer[], timestamptz, isocenter_arrival[])
    TO isocenter_app;
