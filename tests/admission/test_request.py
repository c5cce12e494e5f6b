"""The variables that an expression sees of a request."""

from policy_worlds import NAMESPACE, pod, request

from auditkit.admission.request import Request, namespace_variable, request_variable


def test_the_request_is_an_admission_request_whose_empty_fields_are_left_out():
    asked = Request.read(request(pod(), user={"username": "kay", "groups": [], "extra": {"a": ("1",)}}, dryRun=True))
    assert request_variable(asked) == {
        "uid": "", "operation": "CREATE", "name": "web", "namespace": "shop", "dryRun": True,
        "kind": {"group": "", "version": "v1", "kind": "Pod"}, "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "requestResource": {"group": "", "version": "v1", "resource": "pods"},
        "userInfo": {"username": "kay", "extra": {"a": ["1"]}},
    }


def test_the_namespace_is_seen_without_what_the_server_hides():
    namespace = {**NAMESPACE, "metadata": {**NAMESPACE["metadata"], "managedFields": [{}], "ownerReferences": [{}]}}
    assert namespace_variable(Request.read(request(pod(), namespaceObject=namespace))) == {
        "metadata": {"name": "shop", "labels": {"env": "prod"}}, "spec": {}, "status": {}}


def test_a_namespace_does_not_see_itself():
    asked = request(NAMESPACE, resource="namespaces", namespace="shop", namespaceObject=NAMESPACE)
    assert namespace_variable(Request.read(asked)) is None


def test_a_denial_names_the_object_by_its_name_or_what_its_name_is_made_of():
    generated = pod(name="")
    generated["metadata"]["generateName"] = "web-"
    assert Request.read(request(generated)).named_object() == 'pods "web-"'
    assert Request.read(request(pod())).named_object() == 'pods "web"'
    group = {"group": "apps", "version": "v1", "resource": "deployments"}
    assert Request.read({**request(pod(name="")), "resource": group}).named_object() == 'deployments.apps "Unknown"'
