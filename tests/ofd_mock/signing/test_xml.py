"""XML signatures, verified by Java's own XML-DSig, which shares nothing with ours."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ofd_mock.pki.certificates import KeyPair, make_root, new_key
from ofd_mock.signing.xml_signatures import XmlError, sign_xml

JUDGE = """
import java.io.*; import java.security.cert.*; import java.util.*;
import javax.xml.crypto.dsig.*; import javax.xml.crypto.dsig.dom.*; import javax.xml.parsers.*;
import org.w3c.dom.*;
public class Judge { public static void main(String[] files) throws Exception { for (String file : files) {
  DocumentBuilderFactory builder = DocumentBuilderFactory.newInstance();
  builder.setNamespaceAware(true);
  Document document = builder.newDocumentBuilder().parse(new File(file));
  Node signature = document.getElementsByTagNameNS(XMLSignature.XMLNS, "Signature").item(0);
  NodeList certificates = document.getElementsByTagNameNS(XMLSignature.XMLNS, "X509Certificate");
  String text = certificates.item(0).getTextContent();
  X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
    .generateCertificate(new ByteArrayInputStream(Base64.getDecoder().decode(text)));
  DOMValidateContext context = new DOMValidateContext(certificate.getPublicKey(), signature);
  System.out.println(
    XMLSignatureFactory.getInstance("DOM").unmarshalXMLSignature(context).validate(context));
} } }
"""
DOCUMENTS = (
    '<?xml version="1.0"?><a xmlns="urn:x" b="1"><!-- note --><c>чек</c></a>',
    '<p:a xmlns:p="urn:p" xmlns:q="urn:q" z="1" a="&lt;&quot;&#10;"><p:b q:c="1" xml:lang="kk">x &amp; y\r\n'
    "<d/></p:b><?inside x?></p:a>",
    "<login><timeTicket>1</timeTicket></login>",
)


@pytest.fixture(scope="module")
def signer() -> KeyPair:
    return make_root(new_key())


def test_java_believes_what_we_signed(signer: KeyPair, tmp_path: Path) -> None:
    java = shutil.which("java")
    modules = subprocess.run([java, "--list-modules"], capture_output=True, text=True).stdout if java else ""
    if java is None or not {"jdk.compiler", "java.xml.crypto"} <= {
        line.partition("@")[0] for line in modules.split()
    }:
        pytest.skip("no Java development kit installed: XML signatures are not compared with another program")
    signed = [sign_xml(text, signer) for text in DOCUMENTS]
    files = []
    for number, text in enumerate([*signed, signed[2].replace("<timeTicket>1", "<timeTicket>2")]):
        files.append(tmp_path / f"{number}.xml")
        files[-1].write_text(text, encoding="utf-8", newline="")
    (tmp_path / "Judge.java").write_text(JUDGE, encoding="utf-8")
    said = subprocess.run(
        [java, tmp_path / "Judge.java", *files], capture_output=True, text=True, check=True
    ).stdout
    assert said.split() == ["true", "true", "true", "false"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "чек",
        "<a>",
        "<a/><b/>",
        "<!DOCTYPE a><a/>",
        "<?before x?><a/>",
        "<a/><?after x?>",
        "<a/><?x </a?>",
    ],
)
def test_what_is_not_signed(signer: KeyPair, text: str) -> None:
    with pytest.raises(XmlError):
        sign_xml(text, signer)
