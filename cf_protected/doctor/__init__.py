"""The questions of ``manage.py cf_doctor``: live checks of AWS, CloudFront and the bucket."""
