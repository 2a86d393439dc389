"""OIDC tokens: what a job may be is said by the organisation, signed, and believed by others.

learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create; the claims of a token for a service connection:
learn.microsoft.com/azure/devops/pipelines/library/connect-to-azure (issuer, subject identifier, audience).
"""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from devops_emulator.faults import Fault, invalid
from devops_emulator.organisation import NAME, Organisation, find_project
from devops_emulator.pipelines import permissions
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, served

AUDIENCE = "api://AzureADTokenExchange"
_SECONDS = 600  # a token is for one exchange
_KEY_BITS = 2048


def issuer(organisation: Organisation) -> str:
    """Return the issuer of an organisation's tokens, as a provider of Google Cloud has to name it."""
    return f"https://vstoken.dev.azure.com/{organisation.id}"


def plan_of(organisation: Organisation, build: Document) -> str:
    return str(uuid5(NAMESPACE_URL, f"{organisation.id}/plan/{build['id']}"))


def job_of(organisation: Organisation, build: Document) -> str:
    return str(uuid5(NAMESPACE_URL, f"{organisation.id}/job/{build['id']}"))


def request_uri(organisation: Organisation, build: Document) -> str:
    """Return `System.OidcRequestUri` of a build's job."""
    plan, job = plan_of(organisation, build), job_of(organisation, build)
    return f"{organisation.url}{build['project']}/_apis/distributedtask/hubs/build/plans/{plan}/jobs/{job}/oidctoken"


def _keys(call: Call) -> Answer:
    """Return the keys that verify the tokens, as a JSON Web Key Set (RFC 7517), and the issuer.

    The service publishes them below the issuer's address, which an organisation on loopback cannot.
    """
    numbers = _private_key(call.organisation).public_key().public_numbers()
    members = {name: _encoded(_bytes(number)) for name, number in (("n", numbers.n), ("e", numbers.e))}
    key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": call.organisation.id, **members}
    return Answer({"issuer": issuer(call.organisation), "keys": [key]})


def _create(call: Call) -> Answer:
    build = _running(call)
    if call.object():
        raise invalid("The body of a request for an OIDC token is an empty object.")
    organisation = call.organisation
    project = find_project(organisation, build["project"])
    subject = f"p://{NAME}/{project['name']}/{build['definition']}"
    if wanted := call.query("serviceConnectionId"):
        subject = f"sc://{NAME}/{project['name']}/{_allowed(organisation, project, build, wanted)['name']}"
    now = int(time.time())
    claims = {
        "iss": issuer(organisation),
        "sub": subject,
        "aud": AUDIENCE,
        "jti": str(uuid4()),
        "iat": now,
        "nbf": now,
        "exp": now + _SECONDS,
    }
    return Answer({"oidcToken": _signed(organisation, claims)})


def _running(call: Call) -> Document:
    """Return the build of the job in the address; its token is good for as long as it runs."""
    project = call.any_project()
    for build in call.organisation.store.all("build"):
        if (
            project is not None
            and build["project"] == project["id"]
            and call.values["hubName"].casefold() == "build"
            and call.values["planId"].casefold() == plan_of(call.organisation, build)
            and call.values["jobId"].casefold() == job_of(call.organisation, build)
            and build["status"] == "inProgress"
        ):
            return build
    plan = call.values["planId"]
    raise Fault(404, "TaskOrchestrationPlanNotFoundException", f"No running job was found for the plan {plan}.")


def _allowed(organisation: Organisation, project: Document, build: Document, wanted: str) -> Document:
    connection = organisation.store.find("service_connection", wanted.casefold())
    if connection is None or connection["project"] != project["id"]:
        message = f"Service connection with ID {wanted} was not found in the project {project['name']}."
        raise Fault(404, "ServiceEndpointNotFoundException", message)
    if not permissions.allowed(organisation, "endpoint", connection["id"], build["definition"]):
        message = f"The pipeline is not authorized to use the service connection {connection['name']}."
        raise Fault(403, "ServiceEndpointUnauthorizedException", message)
    return connection


def _signed(organisation: Organisation, claims: dict[str, Any]) -> str:
    header = {"alg": "RS256", "typ": "JWT", "kid": organisation.id}
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    signature = _private_key(organisation).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_encoded(signature)}"


def _private_key(organisation: Organisation) -> rsa.RSAPrivateKey:
    kept = organisation.store.find("oidc_key", NAME)
    if kept is None:
        made = rsa.generate_private_key(public_exponent=65_537, key_size=_KEY_BITS)
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        kept = {"pem": pem.decode()}
        organisation.store.put("oidc_key", NAME, kept)
    key = serialization.load_pem_private_key(kept["pem"].encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"the key of {organisation.folder} is not an RSA key")
    return key


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


RESOURCES = (
    served("oidctoken", {"POST": _create}),
    served("keys", {"GET": _keys}),
)
