"""The version of auditkit; written into every manifest."""

VERSION = "0.1.0"
