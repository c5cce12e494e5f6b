"""A hospital that has controls and checks of its own."""

CHECK = '''
"""Checks of a hospital."""
from auditkit.checks import check, judge


@check(severity="high", wanted="an owner is named", remedy="Set the label owner.", source="Policy 7")
def pods_few(pods, *, most=1):
    """No node runs more pods than agreed."""
    return judge(pods, pods["host_pid"].isna() | (len(pods) <= most), ["host_pid"])
'''
CASES = """
pods_few:
  clean: [{pods: [{}]}, {pods: [{host_pid: true}]}]
  mutants: [{pods: [{}, {}]}, {pods: [{}, {}, {}]}, {pods: [{host_pid: true}, {}]}]
"""
OURS = """
framework: hospital
title: Hospital policy
version: "3"
sections: [{id: s, title: S}]
requirements:
  - {id: H1, section: s, title: Few pods, reach: evidenced, checks: [hospital.pods_few: {most: 2}]}
  - {id: H2, section: s, title: Minutes, reach: attested, look_at: the minutes}
"""
TUNED = """
framework: pss-baseline
title: Proposal
version: draft of 2027
extends: pss-baseline
requirements:
  - {id: privileged, section: baseline, title: Privileged, reach: attested, look_at: the list}
  - {id: extra, section: baseline, title: No host PID, reach: evidenced, checks: [pss.host_namespaces]}
"""
