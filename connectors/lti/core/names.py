"""The names of LTI: of claims, messages, scopes, roles and media types. They stand here alone.

Sources: LTI 1.3 Core §5, AGS 2.0 §3, NRPS 2.0 §2-3, Deep Linking 2.0 §3-4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

VERSION = "1.3.0"

# Messages, by `message_type`.
RESOURCE_LINK: Literal["LtiResourceLinkRequest"] = "LtiResourceLinkRequest"
DEEP_LINKING: Literal["LtiDeepLinkingRequest"] = "LtiDeepLinkingRequest"
SUBMISSION_REVIEW: Literal["LtiSubmissionReviewRequest"] = "LtiSubmissionReviewRequest"
DATA_PRIVACY: Literal["DataPrivacyLaunchRequest"] = "DataPrivacyLaunchRequest"
Message = Literal[
    "LtiResourceLinkRequest",
    "LtiDeepLinkingRequest",
    "LtiSubmissionReviewRequest",
    "DataPrivacyLaunchRequest",
]
MESSAGES: Mapping[str, Message] = {
    one: one for one in (RESOURCE_LINK, DEEP_LINKING, SUBMISSION_REVIEW, DATA_PRIVACY)
}
DL_RESPONSE = "LtiDeepLinkingResponse"

# Claims. Those of LTI Core are `CLAIM` and their own short name.
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
AGS_CLAIM = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS_CLAIM = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
_DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
DL_SETTINGS = _DL + "deep_linking_settings"
DL_ITEMS = _DL + "content_items"
DL_DATA = _DL + "data"

# Types of what is chosen by deep linking.
LTI_LINK, WEB_LINK = "ltiResourceLink", "link"

# Scopes.
_AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
LINE_ITEM = _AGS + "lineitem"
LINE_ITEM_READ = _AGS + "lineitem.readonly"
RESULT = _AGS + "result.readonly"
SCORE = _AGS + "score"
AGS_SCOPES = frozenset({LINE_ITEM, LINE_ITEM_READ, RESULT, SCORE})
MEMBERS = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"

# Roles and types of contexts, in LIS's vocabulary.
_LIS = "http://purl.imsglobal.org/vocab/lis/v2/"
LEARNER, INSTRUCTOR = _LIS + "membership#Learner", _LIS + "membership#Instructor"
COURSE = _LIS + "course#CourseOffering"

# Media types.
LINE_ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
MEMBERS_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
