from email_validator import EmailNotValidError, validate_email


def normal_address(text, argument="email"):
    text = text.strip()
    try:
        if not text.rpartition("@")[0].isascii():
            raise EmailNotValidError
        return validate_email(
            text, check_deliverability=False, test_environment=True
        ).ascii_email.lower()
    except EmailNotValidError as e:
        raise ValueError(f"{argument} isn't an e-mail address.") from e
