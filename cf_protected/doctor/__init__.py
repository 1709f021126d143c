"""The live questions of ``manage.py cf_doctor``: is everything set up as the app needs it?"""
