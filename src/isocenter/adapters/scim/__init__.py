"""SCIM 2.0 (RFC 7643, RFC 7644): a directory keeps the accounts of an institution. Users are people, groups are roles.

Not here: bulk requests, sorting, entity tags, passwords.
"""
