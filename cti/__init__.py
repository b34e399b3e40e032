"""The CTI service: call control over Asterisk, and the one pipeline that everything passes through."""
