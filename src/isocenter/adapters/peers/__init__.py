"""Other archives, spoken to as a client: Orthanc's REST, DICOMweb (PS3.18) and Query/Retrieve (PS3.4 C) as SCU.

Each is a `Source` of a migration (`domain/migration/source.py`). What a peer sends is bounded in size and time.
"""
