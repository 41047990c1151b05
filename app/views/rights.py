"""Documents for machines: who may mine what is shown here, and whose certificates sign it."""

from __future__ import annotations

from xml.sax.saxutils import escape

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from app.http.rights import TDM_POLICY
from app.services.licences import roots

_TDM = "http://www.w3.org/ns/tdmrep"
for_an_hour = cache_control(public=True, max_age=3600)


@require_safe
@for_an_hour
def tdmrep(request: HttpRequest) -> HttpResponse:
    """TDMRep's file: all rights in text and data mining are reserved."""
    rule = {
        # Written as a pattern, since not every reader takes "/" for the beginning of all paths.
        "location": "/*",
        "tdm-reservation": 1,
        "tdm-policy": f"{settings.SITE_URL}{TDM_POLICY}",
    }
    return JsonResponse([rule], safe=False)


@require_safe
@for_an_hour
def tdm_policy(request: HttpRequest) -> HttpResponse:
    """Its policy, in ODRL: whoever wants to mine a work needs the consent of its artist first."""
    site = settings.SITE_URL
    policy = {
        "@context": ["http://www.w3.org/ns/odrl.jsonld", {"tdm": f"{_TDM}#"}],
        "@type": "Offer",
        "profile": _TDM,
        "uid": f"{site}{TDM_POLICY}",
        "assigner": {
            "uid": site,
            "vcard:fn": "Style License, for its artists",
            "vcard:hasURL": f"{site}/about",
        },
        "permission": [
            {"target": f"{site}/", "action": "tdm:mine", "duty": [{"action": "obtainConsent"}]}
        ],
    }
    return JsonResponse(policy, content_type="application/ld+json")


@require_safe
@for_an_hour
def rsl(request: HttpRequest) -> HttpResponse:
    """The licence file of RSL 1.0: search engines may list everything, no AI may use anything."""
    site = escape(settings.SITE_URL)
    return HttpResponse(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rsl xmlns="https://rslstandard.org/rsl">\n'
        f'  <content url="{site}/">\n'
        "    <license>\n"
        '      <permits type="usage">search</permits>\n'
        '      <prohibits type="usage">ai-all</prohibits>\n'
        "    </license>\n"
        f"    <terms>{site}/licence</terms>\n"
        "  </content>\n"
        "</rsl>\n",
        content_type="application/rsl+xml",
    )


@require_safe
@cache_control(public=True, max_age=300)
def root_certificates(request: HttpRequest) -> HttpResponse:
    """The root certificates that vouch for the signatures in our pictures, in PEM."""
    pem = "".join(root.pem for root in roots.published())
    return HttpResponse(pem, content_type="application/pem-certificate-chain")
