"""The people of an institution: accounts, the roles they hold and held, invitations, lists in and out.

Signing in is not here: passwords and enrolment are beside this room, second factors and sessions in theirs.
"""
