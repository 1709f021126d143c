from django.urls import path

from example_project.mailbox import views

app_name = "mailbox"

urlpatterns = [
    path("", views.MailboxView.as_view(), name="mails"),
    path("<int:pk>/", views.MailView.as_view(), name="mail"),
]
