"""Every setting of a process, read once in `apps` and passed down as a value (no floor below reads the environment)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

MIB = 1 << 20
GIB = 1 << 30
LOOPBACK: tuple[IPv4Network | IPv6Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(frozen=True, slots=True)
class Settings:
    """What one Isocenter runs with. The environment name of a field is ISOCENTER_ and the field in capitals."""

    home: Path
    """Folder of everything this node keeps: database, journals, packs, secrets, logs."""
    http_host: str = "127.0.0.1"
    """Address the web server listens on. Nothing listens beyond loopback unless told."""
    http_port: int = 8080
    """Port of the web server: web client, /api, /dicom-web, /health, /metrics."""
    http_tls: str = "off"
    """off: plain HTTP, on loopback only; on: HTTPS, see `isocenter certificates init`; proxy: plain HTTP
    behind a proxy that speaks HTTPS."""
    dicom_host: str = "127.0.0.1"
    """Address the DICOM listener listens on."""
    dicom_port: int = 11112
    """Port of the DICOM listener."""
    dicom_tls_host: str | None = None
    """Address the DICOM listener listens on for TLS; None is that of the DICOM listener."""
    dicom_tls_port: int | None = None
    """Port of the DICOM listener for TLS, usually 2762; callers need a certificate. None: no TLS."""
    ae_title: str = "ISOCENTER"
    """Our application entity title; a calling AE must name it as called AE title."""
    database_url: str | None = None
    """PostgreSQL 15 or newer, as a role that may create roles and tables; None starts a private one in home."""
    node: str | None = None
    """Name of this node in a region of several: lower-case letters, digits, hyphens; None: the host's name."""
    storage_url: str | None = None
    """Where packs and facts live: file:///path or s3://bucket/prefix?endpoint=…, see s3.md.
    None is home/store."""
    storage_access_key_id: str | None = None
    """What an S3 store knows us by. None: the file home/secrets/storage-main says it, or the one that its URL names."""
    storage_secret_access_key: str | None = field(default=None, repr=False)
    """The secret that belongs to it; a file is safer, because environments are seen by whoever may debug a process."""
    encryption: str = "off"
    """on: what is stored from now on is encrypted (AES-256), under the keys of home/secrets/master.key; off: it is not.
    What was stored before stays as it is and stays readable."""
    node_host: str = "127.0.0.1"
    """Address on which this node answers the other nodes of its region."""
    node_port: int | None = None
    """Port on which it answers them; None: this node is alone. All hold the same home/secrets/cluster.key."""
    node_address: str | None = None
    """Where the other nodes reach this one, host:port; None: the host's name and ISOCENTER_NODE_PORT."""
    node_tls: str = "off"
    """on: nodes talk to each other under TLS, with the certificates of the DICOM port; the same on every node."""
    acknowledge_after: str = "local"
    """local: an object is acknowledged when it is on this node's disk; two_copies: when it is on another node's too."""
    second_copy_within: timedelta = timedelta(seconds=5)
    """With two_copies: when no other node has taken the copy after this time, the object is refused (A700, 507)."""
    site: str = "main"
    """Name of this site among the two that copy to each other: lower-case letters, digits, hyphens."""
    second_site_url: str | None = None
    """The object store of the other site, file:///path or s3://…: everything is copied to it. None: there is none."""
    second_site_bytes_per_s: int = 0
    """Copying to the other site takes no more of the line than this; 0 is all there is."""
    second_site_lag_alarm: timedelta = timedelta(seconds=60)
    """An alarm is raised when the other site is further behind than this."""
    witness_url: str | None = None
    """An object store at a third place where the leading site renews its lease: never do two sites take objects."""
    lead_for: timedelta = timedelta(seconds=30)
    """How long a lease at the witness lasts; the other site can take over that long after this one was lost."""
    replication_address: str | None = None
    """Where the private PostgreSQL listens for the other site's copy of it, host:port, under TLS. None: nowhere."""
    ship_segments: str = "auto"
    """Whether closed journal segments are copied to the store: auto: with other nodes or another site; on; off."""
    node_gone_after: timedelta = timedelta(minutes=10)
    """A node that is silent for so long, and whose journals are on other nodes too, is declared gone by the others."""
    dicom_accept_from: tuple[IPv4Network | IPv6Network, ...] = LOOPBACK
    """Networks from which a calling AE that is no device may store into, and read, the first institution."""
    trusted_hosts: tuple[str, ...] = ()
    """Hosts that may be called although they are inside (identity providers, log servers): host, host:port, address
    or network, with commas between; plain http is allowed to them, and nothing else inside is called."""
    commitment_report_port: int = 104
    """Port at which a device that asked for storage commitment, and is no destination, listens for the report."""
    quiet_for: timedelta = timedelta(seconds=60)
    """A study with no new instance for this long is sealed."""
    hot_cache_bytes: int = 20 * GIB
    """Received forms of sealed studies stay in the journals up to this many bytes …"""
    hot_cache_for: timedelta = timedelta(days=7)
    """… and up to this age."""
    recoverable_for: timedelta = timedelta(days=30)
    """A deleted study can be restored for this long; then it is erased."""
    audit_kept_for: timedelta = timedelta(days=365)
    """The audit trail is searched this long, at least 183d; what is older is sealed into files of the object store."""
    audit_syslog: str | None = None
    """The audit repository, host:port: it gets the trail as DICOM audit messages by syslog over TLS (RFC 5425)."""
    audit_syslog_authorities: Path | None = None
    """PEM file of who may have signed the audit repository's certificate; None: the authorities of the system."""
    audit_syslog_certificate: Path | None = None
    """PEM file of the certificate that we show the audit repository …"""
    audit_syslog_key: Path | None = None
    """… and of its key."""
    scrub_bytes_per_s: int = 16 * MIB
    """Stored copies are read again and compared with their digests at this rate; 0: never."""
    scrub_every: timedelta = timedelta(days=30)
    """Each copy is read again after this time, as far as the rate allows."""
    deletion_alarm: int = 100
    """So many studies deleted in one institution within an hour raise an alarm."""
    max_object_bytes: int = 4 * GIB
    """The largest object that is received."""
    ready_segments: int = 6
    """Journal segments of 64 MiB that the listener fills beforehand: a burst then waits less for the disk."""
    max_associations: int = 200
    """DICOM associations held at one time."""
    max_associations_per_address: int = 50
    """DICOM associations held at one time from one address."""
    association_idle_for: timedelta = timedelta(seconds=60)
    """An association with nothing to say for this long is aborted."""
    artim: timedelta = timedelta(seconds=30)
    """Time a connection has to finish its association request (PS3.8 9.1.4, ARTIM timer)."""
    max_pdu_bytes: int = 131072
    """Largest P-DATA PDU we offer to receive (PS3.8 D.1)."""
    listener_processes: int = 2
    """Processes of the DICOM listener; the limits of associations are shared out among them."""
    web_processes: int = 2
    """Processes of the web server; each bounds by itself what one address may ask of the open doors."""
    institution_name: str = "My institution"
    """Name of the institution that is made at first start."""
    log_format: str = field(default="text")
    """text for people, json for programs."""
