"""From "what do I have?" to "what do I use?": assess, recommend, deploy, find out what went wrong.

from edgelab import workflow

workflow.assess()                                                     # this machine
workflow.recommend(workflow.Requirements("language", offline=True))   # with the way to the answer
workflow.troubleshoot("slower after int8")
"""

from edgelab.workflow.assess import Model, assess
from edgelab.workflow.hardware import Hardware, typical
from edgelab.workflow.profiles import Profile
from edgelab.workflow.recommend import Recommendation, recommend
from edgelab.workflow.requirements import Requirements
from edgelab.workflow.troubleshooting import troubleshoot

__all__ = [
    "Hardware",
    "Model",
    "Profile",
    "Recommendation",
    "Requirements",
    "assess",
    "recommend",
    "troubleshoot",
    "typical",
]
