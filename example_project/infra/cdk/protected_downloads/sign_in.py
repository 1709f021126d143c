"""A Cognito user pool, whose access tokens the app accepts."""

from __future__ import annotations

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from protected_downloads.options import Options


class SignIn(Construct):
    """The pool, its client and its sign-in pages at ``domain_prefix``."""

    def __init__(self, scope: Construct, id: str, domain_prefix: str, options: Options) -> None:
        super().__init__(scope, id)
        pool = cognito.UserPool(
            self,
            "Users",
            user_pool_name=options.prefix,
            self_sign_up_enabled=True,
            sign_in_aliases=cognito.SignInAliases(email=True),
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_digits=False,
                require_lowercase=False,
                require_symbols=False,
                require_uppercase=False,
                temp_password_validity=Duration.days(7),
            ),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            deletion_protection=not options.force_destroy,
            removal_policy=(
                RemovalPolicy.DESTROY if options.force_destroy else RemovalPolicy.RETAIN
            ),
        )
        client = pool.add_client(
            "Client",
            user_pool_client_name=options.prefix,
            generate_secret=False,  # public, with PKCE, as in the Terraform form
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL],
                callback_urls=options.sign_in_callback_urls,
                logout_urls=options.sign_in_logout_urls or None,
            ),
            auth_flows=cognito.AuthFlow(user_srp=True),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=Duration.hours(1),
            id_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.days(30),
        )
        pool.add_domain(
            "Domain", cognito_domain=cognito.CognitoDomainOptions(domain_prefix=domain_prefix)
        )
        issuer = pool.user_pool_provider_url
        self.settings = {
            "issuer": issuer,
            "jwks_url": f"{issuer}/.well-known/jwks.json",
            "client_id": client.user_pool_client_id,
            "domain_name": f"{domain_prefix}.auth.{Aws.REGION}.amazoncognito.com",
        }
