from django.contrib.auth import views as auth
from django.urls import path

from example_project.accounts import views
from example_project.accounts.forms import ResetForm

urlpatterns = [
    path("login/", auth.LoginView.as_view(), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("sign-up/", views.SignUpView.as_view(), name="sign-up"),
    path("confirm/", views.SendLinkView.as_view(), name="send-link"),
    path("confirm/<int:pk>/<str:token>/", views.ConfirmView.as_view(), name="confirm"),
    path(
        "reset/",
        auth.PasswordResetView.as_view(
            form_class=ResetForm,
            email_template_name="accounts/reset.txt",
            subject_template_name="accounts/reset_subject.txt",
        ),
        name="password_reset",
    ),
    path("reset/sent/", auth.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path(
        "reset/<uidb64>/<token>/",
        auth.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path("reset/done/", auth.PasswordResetCompleteView.as_view(), name="password_reset_complete"),
]
