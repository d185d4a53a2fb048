package cfn

import "testing"

func TestTypesOfAccess(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]bool{
		"AWS::IAM::Role": true, "AWS::IAM::UserToGroupAddition": true, "AWS::SSO::PermissionSet": true, "AWS::SSO::Assignment": true, "AWS::S3::BucketPolicy": true,
		"AWS::SQS::QueuePolicy": true, "AWS::Lambda::Permission": true, "AWS::Lambda::LayerVersionPermission": true, "AWS::EKS::AccessEntry": true,
		"AWS::LakeFormation::PrincipalPermissions": true, "AWS::RAM::ResourceShare": true, "AWS::Organizations::Policy": true, "AWS::SecretsManager::ResourcePolicy": true,
		"AWS::Cognito::IdentityPoolRoleAttachment": true, "Other::New::AccessPolicy": true,

		"AWS::SQS::Queue": false, "AWS::ApplicationAutoScaling::ScalingPolicy": false, "AWS::AutoScaling::ScalingPolicy": false, "AWS::CloudFront::CachePolicy": false,
		"AWS::CloudFront::ResponseHeadersPolicy": false, "AWS::CloudFront::OriginRequestPolicy": false, "AWS::DLM::LifecyclePolicy": false,
		"AWS::NetworkFirewall::FirewallPolicy": false, "AWS::ResilienceHub::ResiliencyPolicy": false,
	} {
		if got := IsIAM(kind); got != want {
			t.Errorf("%s: %t", kind, got)
		}
	}
}
