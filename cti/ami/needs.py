"""What this package needs in Asterisk's manager.conf: least privilege, and events thinned at the source.

`system` is read for FullyBooted and Shutdown. It is written by a user apart, who does nothing else: with
`originate` beside it a session could load `app_system` and run programs. Checked against a real Asterisk by
tests/integration/test_ami_asterisk.py.
"""

from __future__ import annotations

MANAGER_USER_LINES = """\
read = system,call,user
write = call,agent,originate,reporting
writetimeout = 5000
eventfilter(action(include),name(FullyBooted)) =
eventfilter(action(include),name(Shutdown)) =
eventfilter(action(include),name(Newchannel)) =
eventfilter(action(include),name(Newstate)) =
eventfilter(action(include),name(HangupRequest)) =
eventfilter(action(include),name(Hangup)) =
eventfilter(action(include),name(BridgeEnter)) =
eventfilter(action(include),name(BridgeLeave)) =
eventfilter(action(include),name(Hold)) =
eventfilter(action(include),name(Unhold)) =
eventfilter(action(include),name(OriginateResponse)) =
eventfilter(action(include),name(UserEvent),header(UserEvent),method(starts_with)) = Hotline
eventfilter(action(include),name(ContactStatus)) =
"""
"""Lines of the user's section, after its `secret`."""

PHONES_USER = "-phones"
"""After the user's name: the user who asks phones to answer. It has the same secret."""

PHONES_USER_LINES = """\
read =
write = system
writetimeout = 5000
"""
"""Lines of that user's section, after its `secret`."""
