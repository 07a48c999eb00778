#pragma once

#include "sim/config/fields.h"
#include "sim/scenario/fabric_config.h"

// Every key of a datacentre's topology, routing, transport and traffic,
// declared once (sim/config/fields.h).
namespace airlock {

void DeclareFields(Fields<LinkConfig>& fields);
void DeclareFields(Fields<QueueConfig>& fields);
void DeclareFields(Fields<FailureConfig>& fields);
void DeclareFields(Fields<TopologyConfig>& fields);
void DeclareFields(Fields<PathWeight>& fields);
void DeclareFields(Fields<RoutingConfig>& fields);
void DeclareFields(Fields<TransportConfig>& fields);
void DeclareFields(Fields<FabricWorkload>& fields);

}  // namespace airlock
