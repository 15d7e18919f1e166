"""A destruction certificate as a page to print, in English and Chinese beside each other. No script, nothing loaded."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from typing import Any, Final

from isocenter.domain.archive.destruction_certificate import DestructionCertificate

_STYLE: Final = (
    "body{font:14px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #999;padding:.3rem .5rem;text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}th{width:14rem}.left{border:2px solid #a00;padding:.5rem 1rem}"
    "@media print{body{margin:0}}"
)
PAGE_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "frame-ancestors 'none'"
)
"""Content-Security-Policy of the page: its own style, and nothing else."""
_ROWS: Final = (
    ("number", "Number", "编号"),
    ("study_instance_uid", "Study Instance UID", "检查实例 UID"),
    ("sop_instance_uid", "SOP Instance UID", "对象实例 UID"),
    ("instance_count", "Instances", "对象数量"),
    ("reason", "Reason", "原因"),
    ("erased_at", "Erased at", "清除时间"),
    ("erased_by", "Erased by", "清除人"),
    ("approved_by", "Approved by", "批准人"),
    ("certified_at", "Certified at", "证明出具时间"),
    ("fact", "Entry in the fact log", "事实日志条目"),
    ("objects", "Objects of the store, with their keys", "存储对象及其密钥"),
    ("journals", "Journals overwritten", "已覆写的日志"),
    ("gone_nodes", "Nodes declared gone, not reached", "已宣告失效且无法访问的节点"),
)


def certificate_page(certificate: DestructionCertificate) -> str:
    """A whole HTML document. Every value is text in it."""
    rows = "".join(
        f"<tr><th scope='row'>{english}<br><span lang='zh-CN'>{chinese}</span></th><td>{_shown(value)}</td></tr>"
        for name, english, chinese in _ROWS
        if (value := certificate.content.get(name)) not in (None, [], "")
    )
    title = "Certificate of destruction" if certificate.complete else "Destruction under way: not a certificate yet"
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{title}</title><style>{_STYLE}</style>"
        f"</head><body><h1>{title}<br><span lang='zh-CN'>{'销毁证明' if certificate.complete else '销毁进行中'}</span>"
        f"</h1>{_left(certificate)}<table>{rows}</table>{_signature(certificate)}</body></html>\n"
    )


def _left(certificate: DestructionCertificate) -> str:
    if certificate.complete:
        return ""
    items = "".join(f"<li>{escape(each)}</li>" for each in certificate.remaining)
    return f"<div class='left'><p>Still left · <span lang='zh-CN'>尚存</span></p><ul>{items}</ul></div>"


def _signature(certificate: DestructionCertificate) -> str:
    if not certificate.signature:
        return ""
    return f"<p>Signature · <span lang='zh-CN'>签名</span>: <code>{escape(certificate.signature)}</code></p>"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "<br>".join(_shown(each) for each in value)
    if isinstance(value, dict):
        return escape(", ".join(_words(value)))
    return escape(str(value))


def _words(value: dict[str, Any]) -> Iterator[str]:
    for name, each in value.items():
        if each not in (None, ""):
            yield f"{name.replace('_', ' ')}: {each}"
