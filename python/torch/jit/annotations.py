"""Names of types that scripted code imports from here."""

from typing import Any, Dict, List, Optional, Tuple, Union

BroadcastingList1 = BroadcastingList2 = BroadcastingList3 = List
