#pragma once

#include "sim/config/fields.h"
#include "sim/scenario/balancer_config.h"

// Every key below datacentre.balancer, declared once (sim/config/fields.h).
namespace airlock {

void DeclareFields(Fields<PoolServer>& fields);
void DeclareFields(Fields<PoolEvent>& fields);
void DeclareFields(Fields<PoolLoad>& fields);
void DeclareFields(Fields<RequestClass>& fields);
void DeclareFields(Fields<ReservoirConfig>& fields);
void DeclareFields(Fields<WeightShieldConfig>& fields);
void DeclareFields(Fields<FlowAgreement>& fields);
void DeclareFields(Fields<PoolModelConfig>& fields);
void DeclareFields(Fields<BalancerConfig>& fields);

}  // namespace airlock
