"""Whether anything acts on Gateways and routes: what controllers say, and of which generation."""

import pytest
from gateway_worlds import AWAITED, PLAIN, TLS, gateway, gateway_class, listener, route, said
from network_worlds import derive
from worlds import frames


def listeners(*objects: dict) -> list[tuple]:
    """Acting and why, of each listener."""
    found = derive(frames(objects), "listeners")
    return list(zip(found["acting"].astype(object).fillna("?"), found["why"].fillna(""), strict=True))


def attachments(*objects: dict) -> list[tuple]:
    """Attached, open and why, of each row."""
    found = derive(frames(objects), "attachments")
    return list(zip(*(found[name].astype(object).fillna("?") for name in ("attached", "open")), found["why"].fillna(""),
                    strict=True))


def test_a_gateway_acts_where_class_gateway_and_listener_are_confirmed_as_they_are():
    assert listeners(gateway_class(), gateway(PLAIN, TLS)) == [(True, ""), (True, "")]


@pytest.mark.parametrize(("of_class", "of_gateway", "of_listeners", "acting", "why"), [
    (said("Accepted", generation=0), None, None, "?", "the controller of its class edge does not say"),
    (said("Accepted", status="False", reason="InvalidParameters"), None, None, "?", "as it is now: InvalidParameters"),
    ([], None, None, "?", "the controller of its class edge does not say"),
    (None, said("Accepted", "Programmed", generation=0), None, "?", "accepted and programmed as it is now"),
    (None, said("Accepted") + said("Programmed", status="False", reason="AddressNotAssigned"), None, "?",
     "as it is now: AddressNotAssigned"),
    (None, said("Accepted"), None, "?", "accepted and programmed as it is now"),
    (None, [], None, "?", "accepted and programmed as it is now"),
    (None, AWAITED, None, "?", "accepted and programmed as it is now"),
    (None, None, said("Programmed", generation=0), "?", "listener web is programmed as it is now"),
    (None, None, said("Programmed", status="False", reason="Invalid"), "?", "programmed as it is now: Invalid"),
    (None, None, [], "?", "listener web is programmed as it is now"),
    (said("Accepted", status="Unknown", generation=0), AWAITED, [], False, "no controller has accepted its class edge"),
    (said("Accepted", status="Unknown", generation=0), None, None, "?", "the controller of its class edge"),
])
def test_what_is_not_confirmed_as_it_is_now_is_not_known(of_class, of_gateway, of_listeners, acting, why):
    [(found, words)] = listeners(gateway_class(of_class), gateway(TLS, conditions=of_gateway, of_listeners=of_listeners))
    assert found == acting and why in words


def test_nobody_acts_on_a_class_that_is_not_there():
    [(acting, why)] = listeners(gateway(TLS, conditions=AWAITED, of_listeners=[]))
    assert acting is False and why == "its class edge is not there"


def test_a_gateway_that_was_programmed_before_its_class_went_may_still_serve():
    [(acting, why)] = listeners(gateway(TLS))
    assert acting == "?" and why == "its class edge is not there"


@pytest.mark.parametrize(("objects", "field"), [
    ([gateway_class(novel=1), gateway(TLS)], "GatewayClass edge has the field spec.novel"),
    ([gateway_class(), gateway(TLS, defaultScope="All")], "Gateway main has the field spec.defaultScope"),
    ([gateway_class(), gateway(TLS | {"novel": {"a": 1}})], "Gateway main has the field spec.listeners[0].novel"),
])
def test_fields_that_are_not_read_leave_a_gateway_unknown(objects, field):
    [(acting, why)] = listeners(*objects)
    assert acting == "?" and why == f"{field}, which auditkit does not read"


def test_a_field_that_is_not_read_may_admit_what_the_others_do_not():
    own = listener(allowedRoutes={"namespaces": {"from": "Same", "novel": 1}})
    assert attachments(gateway_class(), gateway(own), route(conditions=said("Accepted", generation=0))) == [
        ("?", "?", "Gateway main has the field spec.listeners[0].allowedRoutes.namespaces.novel, which auditkit does not "
                   "read")]
    assert attachments(gateway_class(), gateway(TLS, novel=1), route(parents=({"sectionName": "other"},)))[0][:2] == ("?", "?")


@pytest.mark.parametrize(("given", "conditions", "acting", "why"), [
    ({}, said("Accepted", "Programmed"), "?", "its controller has programmed it, though Gateway infra/main takes no "
                                              "ListenerSets of its namespace"),
    ({}, said("Accepted", "Programmed", generation=0), False, "Gateway infra/main takes no ListenerSets of its namespace"),
    ({"allowedListeners": {"namespaces": {"from": "Same", "novel": 1}}}, [], "?",
     "Gateway main has the field spec.allowedListeners.namespaces.novel, which auditkit does not read"),
])
def test_a_set_that_its_gateway_does_not_take_acts_nowhere_unless_that_is_contradicted(given, conditions, acting, why):
    more = {"kind": "ListenerSet", "metadata": {"name": "more", "namespace": "shop", "generation": 1}, "spec": {
        "parentRef": {"name": "main", "namespace": "infra"}, "listeners": [PLAIN]}, "status": {
            "conditions": conditions, "listeners": [{"name": "plain", "conditions": said("Programmed")}]}}
    assert listeners(gateway_class(), gateway(TLS, **given), more)[1] == (acting, why)


def test_a_route_is_open_where_its_listener_admits_it_and_the_controller_accepts_it():
    assert attachments(gateway_class(), gateway(TLS), route()) == [(True, True, "")]


@pytest.mark.parametrize(("conditions", "is_open", "why"), [
    (said("Accepted", generation=0), "?", "does not say that it accepts it as it is now"),
    ([], "?", "does not say that it accepts it as it is now"),
    (said("Accepted", status="Unknown"), "?", "does not say that it accepts it as it is now"),
    (said("Accepted", status="False", reason="NotAllowedByListeners"), "?",
     "its controller refuses it: NotAllowedByListeners"),
])
def test_a_route_that_the_controller_does_not_accept_is_not_known_to_be_open(conditions, is_open, why):
    [(attached, found, words)] = attachments(gateway_class(), gateway(TLS), route(conditions=conditions))
    assert (attached, found) == (True, is_open) and why in words


def test_one_controller_that_accepts_a_route_is_enough():
    objects = route()
    refused = {"controllerName": "example.com/other", "parentRef": objects["spec"]["parentRefs"][0],
               "conditions": said("Accepted", status="False")}
    objects["status"]["parents"].insert(0, refused)
    assert attachments(gateway_class(), gateway(TLS), objects) == [(True, True, "")]


def test_a_controller_that_accepts_what_no_listener_admits_is_contradicted():
    own = TLS | {"allowedRoutes": {"namespaces": {"from": "Same"}}}
    assert attachments(gateway_class(), gateway(own), route()) == [
        (False, "?", "its controller accepts it, though listener web of Gateway infra/main does not admit routes of its "
                     "namespace")]
    refused = said("Accepted", status="False")
    assert attachments(gateway_class(), gateway(own), route(conditions=refused))[0][:2] == (False, False)


def test_acceptance_for_a_whole_gateway_does_not_contradict_that_one_of_its_listeners_admits_nothing():
    own = PLAIN | {"allowedRoutes": {"namespaces": {"from": "Same"}}}
    assert [row[:2] for row in attachments(gateway_class(), gateway(own, TLS), route())] == [(False, False), (True, True)]


def test_a_route_of_a_gateway_that_is_gone_opens_nothing_whatever_its_status_says():
    assert attachments(route()) == [(False, False, "Gateway infra/main is not there, or has no listeners")]


def test_nothing_is_open_where_no_controller_acts():
    waiting = gateway(TLS, conditions=AWAITED, of_listeners=[])
    [(attached, is_open, why)] = attachments(waiting, route(conditions=[]))
    assert (attached, is_open) == (True, False) and why.endswith("its class edge is not there")


def test_a_route_without_parents_is_attached_to_nothing():
    assert attachments(route(parents=())) == [(False, False, "it names no parent")]


@pytest.mark.parametrize(("word", "attached"), [("Sometimes", "?"), ("None", False), ("All", True), ("Same", False)])
def test_a_word_for_the_namespaces_of_routes_that_nobody_declares_is_not_known(word, attached):
    chosen = TLS | {"allowedRoutes": {"namespaces": {"from": word}}}
    assert attachments(gateway_class(), gateway(chosen), route())[0][0] == attached


def test_a_selector_that_is_not_there_picks_nothing_and_an_empty_one_everything():
    shop = {"kind": "Namespace", "metadata": {"name": "shop", "labels": {}}}
    for given, attached in (({"from": "Selector"}, False), ({"from": "Selector", "selector": {}}, True)):
        chosen = TLS | {"allowedRoutes": {"namespaces": given}}
        assert attachments(shop, gateway_class(), gateway(chosen), route())[0][0] is attached
