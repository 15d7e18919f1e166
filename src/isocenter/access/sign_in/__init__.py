"""Coming in: the policy of an institution, second factors, passkeys, recovery, the devices one is signed in at."""
